"""The observer `maximum-time`."""

import time

from plugax import AbstractObserver
from plugax.observers import Progress


class MaximumTime(AbstractObserver):
    """Ends a run after some time, compilation included.

    The clock is read between chunks, which take about a second, so the run lasts that much longer.
    A run that was saved (`out`) can be resumed, with as much time again.

    Arguments:
        seconds: the time [s].

    Errors: `PlugaxError` for a time that is not positive.
    """

    def __init__(self, seconds: float = 3600.0):
        if not seconds > 0:
            raise ValueError(f"seconds must be positive; got {seconds}.")
        self.seconds = seconds
        self._began = time.monotonic()

    def on_start(self, steps: int) -> None:  # noqa: ARG002 - the time is all that counts
        """Start the clock."""
        self._began = time.monotonic()

    def on_progress(self, progress: Progress) -> bool:  # noqa: ARG002
        """Whether the time is over."""
        return time.monotonic() - self._began >= self.seconds
