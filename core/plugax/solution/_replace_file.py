"""A file that is written completely, or not at all."""

import os
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def replace_file(path: pathlib.Path) -> Iterator[IO[bytes]]:
    """A file that replaces `path` only when it has been written completely."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
