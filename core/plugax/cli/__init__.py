"""The command line. Importing it imports only the standard library."""

import sys

from ._signals import end_on_signals, leave_signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run one command, and return its exit status.

    Arguments:
        argv: the command and its arguments; those of this process by default.
    """
    end_on_signals()
    try:
        arguments = sys.argv[1:] if argv is None else argv
        if arguments[:1] == ["completion"] and arguments[1:2] in (["--line"], ["--words"]):
            from .completion import answer

            return answer(arguments[1:])  # a key was pressed: nothing else is imported
        # Imported only now, so that signals are handled from the first line on.
        from ._main import main

        return main(argv)
    finally:
        leave_signals()
