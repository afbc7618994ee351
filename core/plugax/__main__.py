"""`python -m plugax` does the same as `plugax`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
