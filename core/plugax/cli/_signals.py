"""Ctrl-C and termination before a command has begun its work.

Python turns Ctrl-C into an exception at the line that is being executed. While libraries are being
imported, that line may be inside an `except:` of a library, which swallows the exception, or inside
a C extension that does not survive it. There is nothing to save yet, so the process ends at once
instead.

This module imports almost nothing, since signals before `end_on_signals` are not handled.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # what `signal` wraps, part of Python itself and there at once

WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_before: dict = {}
_line = ""


def end_on_signals() -> None:
    """End the process at either signal with one line and the usual status.

    This holds until `restore_signals` is called. A signal that is ignored stays ignored. Only the
    main thread can install signal handlers.
    """
    for number in WORDS:
        if signal.getsignal(number) != signal.SIG_IGN:
            try:
                _before[number] = signal.signal(number, _end)
            except ValueError:  # another thread
                return


def restore_signals(resume: object = None) -> None:
    """Restore the earlier handler of Ctrl-C: from now on a run ends in its own way.

    Termination still ends the process at once. A run puts it off until its state is saved.

    Arguments:
        resume: the directory in which the run is saved, which the line then names; None if it is
            not saved.
    """
    global _line
    if signal.SIGINT in _before:
        signal.signal(signal.SIGINT, _before.pop(signal.SIGINT))
    if resume is not None:
        _line = f"; go on with: plugax resume {resume}"


def leave_signals() -> None:
    """Restore all earlier handlers, after the command."""
    global _line
    _line = ""
    while _before:
        signal.signal(*_before.popitem())


def _end(number: int, frame: object) -> None:  # noqa: ARG001 - signal's signature
    # The signal may have interrupted anything, so nothing is used here, not even Python's streams.
    os.write(2, f"plugax: {WORDS[number]}{_line}\n".encode())
    os._exit(128 + number)
