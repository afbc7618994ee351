"""Ctrl-C and SIGTERM between chunks instead of in the middle of one."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupt:
    """Whether the user, or the system, has asked for the run to end."""

    requested: bool = False


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Turn the first signal into a request that the runner checks; a second one acts at once.

    After Ctrl-C the program goes on with what the run has come to. SIGTERM means that the program
    shall end, so it is delivered once more when the run is over and saved. A signal that is ignored
    stays ignored. Only the main thread receives signals; elsewhere nothing changes.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = {signal.SIGINT: signal.getsignal(signal.SIGINT)}
    if not callable(before[signal.SIGINT]):
        del before[signal.SIGINT]
    terminate = signal.getsignal(signal.SIGTERM)
    if callable(terminate) or terminate is signal.SIG_DFL:
        before[signal.SIGTERM] = terminate
    received = []

    def request(number: int, frame: Any) -> None:  # noqa: ARG001 - signal's signature
        interrupt.requested = True
        received.append(number)
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, request)
    try:
        yield interrupt
    finally:
        restore()
    if signal.SIGTERM in received:
        os.kill(os.getpid(), signal.SIGTERM)
