"""Ctrl-C and termination before a command has begun its work.

Python turns Ctrl-C into an exception at whatever line it happens to be. While libraries are being
imported that line may lie inside an `except:` of theirs, which swallows it, or inside a C extension
that does not survive it. There is nothing to be saved yet, so the process ends at once instead.

Imports next to nothing itself: a signal before `end_on_signals` finds nobody listening.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # what `signal` wraps, part of Python itself and there at once

WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_before: dict = {}


def end_on_signals() -> None:
    """End the process at either signal with one line and the usual status.

    This holds until `restore_signals` is called.

    A signal that is ignored stays ignored. Only the main thread can say what signals do.
    """
    for number in WORDS:
        if signal.getsignal(number) != signal.SIG_IGN:
            try:
                _before[number] = signal.signal(number, _end)
            except ValueError:  # another thread
                return


def restore_signals() -> None:
    """Leave signals to what they did before: there is work now that may want to end in its way."""
    while _before:
        signal.signal(*_before.popitem())


def _end(number: int, frame: object) -> None:  # noqa: ARG001 - signal's signature
    # Nothing here may depend on what the signal has broken into, not even on Python's streams.
    os.write(2, f"plugax: {WORDS[number]}\n".encode())
    os._exit(128 + number)
