"""Ctrl-C and termination before a command has begun its work.

Python turns Ctrl-C into an exception at whatever line it happens to be. While libraries are being
imported that line may lie inside an `except:` of theirs, which swallows it, or inside a C extension
that does not survive it. There is nothing to be saved yet, so the process ends at once instead.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_before: dict[int, Any] = {}


@contextmanager
def starting() -> Iterator[None]:
    """End the process at either signal, with one line and the usual status, until `started`.

    A signal that is ignored stays ignored. Only the main thread can say what signals do.
    """
    if threading.current_thread() is threading.main_thread():
        for number in WORDS:
            if signal.getsignal(number) != signal.SIG_IGN:
                _before[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        started()


def started() -> None:
    """Leave signals to what they did before: there is work now that may want to end in its way."""
    while _before:
        signal.signal(*_before.popitem())


def _end(number: int, frame: Any) -> None:  # noqa: ARG001 - signal's signature
    # Nothing here may depend on what the signal has broken into, not even on Python's streams.
    os.write(2, f"plugax: {WORDS[signal.Signals(number)]}\n".encode())
    os._exit(128 + number)
