"""The command line. Importing it costs no more than the standard library."""

from ._main import main as main
