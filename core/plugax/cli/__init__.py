"""The command line. Importing it costs no more than the standard library."""

from collections.abc import Sequence

from ._signals import starting


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status.

    Arguments:
        argv: the command and its arguments; those of this process by default.
    """
    with starting():
        # Imported now, so that a signal finds this command listening from its first line on.
        from ._main import main

        return main(argv)
