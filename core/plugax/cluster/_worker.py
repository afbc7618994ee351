"""What runs in the other program: one part, its errors written beside it.

submitit calls a `Worker`. It holds the lock of its part while it works, so that two programs never
work on one part: who comes second waits, and then finds it done.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import PlugaxError

DONE, FAILED, LOCK = "done", "failed.json", ".worker"


@dataclasses.dataclass(frozen=True)
class Worker:
    """Calls a function for one part, and tells in the part's directory how that ended.

    Attributes:
        work: a function of a module; it is sent by its name.
    """

    work: Callable[..., None]

    def __call__(self, place: str, *arguments: Any) -> None:
        """Work on the part in `place`, unless it is done."""
        directory = pathlib.Path(place)
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(directory):
            if is_done(directory):
                return
            try:
                self.work(directory, *arguments)
            except Exception as error:
                told = {
                    "type": type(error).__name__,
                    "message": str(error),
                    "expected": isinstance(error, PlugaxError),
                    "traceback": traceback.format_exc(),
                }
                (directory / FAILED).write_text(json.dumps(told))
            else:
                (directory / DONE).touch()

    def checkpoint(self, *arguments: Any) -> Any:
        """What submitit puts into the queue when the time is up: the same part, which goes on."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, *arguments)


def is_done(directory: pathlib.Path) -> bool:
    """Whether the part in this directory is finished."""
    return (directory / DONE).exists()


def failure_in(directory: pathlib.Path) -> dict[str, Any] | None:
    """The exception that ended the work on a part; None if there was none."""
    try:
        return json.loads((directory / FAILED).read_text())
    except (FileNotFoundError, ValueError):
        return None


@contextlib.contextmanager
def _locked(directory: pathlib.Path) -> Iterator[None]:
    """Hold the lock of a part; without effect if the system has no such locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with (directory / LOCK).open("w") as file:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(str(os.getpid()))
            file.flush()
        yield
