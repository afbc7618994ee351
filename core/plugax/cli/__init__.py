"""The command line. Importing it costs no more than the standard library."""

from ._signals import end_on_signals, restore_signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run one command; its exit status.

    Arguments:
        argv: the command and its arguments; those of this process by default.
    """
    end_on_signals()
    try:
        # Imported now, so that a signal finds this command listening from its first line on.
        from ._main import main

        return main(argv)
    finally:
        restore_signals()
