"""The current directory as a place to import from."""

import os
import sys


def add_current_directory() -> None:
    """Let modules of the current directory be imported, as `python` itself does."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
