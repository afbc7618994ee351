"""One writer at a time in the directory of a run."""

import contextlib
import os
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from ..errors import PlugaxError

NAME = ".lock"


@contextmanager
def locked(directory: str | os.PathLike) -> Iterator[None]:
    """Keep other processes from writing into a directory; the lock ends with the process.

    On systems and file systems without such locks nothing happens.

    Errors: `PlugaxError` if another run is writing there.
    """
    path = pathlib.Path(directory) / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _lock(path)
    try:
        yield
    finally:
        if file is not None:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            file.close()


def _lock(path: pathlib.Path) -> IO[bytes] | None:
    """The file, open and locked; None if there are no locks here."""
    try:
        import fcntl
    except ImportError:
        return None
    while True:
        file = path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except BlockingIOError:
            file.close()
            raise PlugaxError(
                f"Another run is writing into {path.parent}. Wait until it has ended, or stop it."
            ) from None
        except OSError:
            file.close()
            return None
        file.close()  # the one before removed it in between
