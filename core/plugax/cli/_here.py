"""The current directory as a place to import from."""

import os
import sys


def importable_here() -> None:
    """Let modules of the current directory be imported, as `python` itself does."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
