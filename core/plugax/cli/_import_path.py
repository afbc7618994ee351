"""Imports from the current directory."""

import os
import sys


def add_current_directory() -> None:
    """Allow imports of modules in the current directory, as `python` itself does."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
