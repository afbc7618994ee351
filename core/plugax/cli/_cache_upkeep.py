"""What a command does for the compilation cache: one line if it fails, and order at the end.

If a program cannot be read or kept, JAX warns, for each, and compiles it. A file that was damaged,
or that a full disk has cut short, would stay, and be in the way for ever: it is removed, by the
name of its program, which the warning tells.
"""

import contextlib
import pathlib
import re
import sys
import time
import zlib
from collections.abc import Iterator

from ._cache import SUFFIX, bound, default_cache, directory, trim

_TROUBLE = re.compile(
    r"Error (reading|writing) persistent compilation cache entry for '(?P<name>.*?)': "
    r"(?P<why>.*)",
    re.DOTALL,
)
SLACK = 10**10  # ns: clocks of file systems and processes differ


class Upkeep:
    """The upkeep during one command."""

    def __init__(self) -> None:
        self._began = time.time_ns()
        self._damaged: dict[str, bool] = {}  # whether it was there before, by name

    def takes(self, warning: str) -> str | None:
        """What to say instead of a warning of JAX about the cache; empty for nothing.

        Returns:
            None for all other warnings.
        """
        match = _TROUBLE.match(warning)
        if match is None:
            return None
        if match["why"].startswith("FileNotFoundError"):
            return ""  # another command has removed it
        first = not self._damaged
        reading = match[1] == "reading"
        self._damaged[match["name"]] = self._damaged.get(match["name"], False) or reading
        if not first:
            return ""
        what = "A program that was kept cannot be used" if reading else "Programs cannot be kept"
        return f"{what}, so it is compiled anew: {directory()}: {match['why']}"

    def end(self) -> None:
        """Remove what is damaged, and what is too much."""
        where = directory()
        if where is None or "jax" not in sys.modules:
            return
        ours = where == default_cache()
        for name, before in self._damaged.items() if ours else ():
            for file in where.glob(f"{name}-*{SUFFIX}"):
                self._remove(file, before)
        most = bound()
        if most is not None and self._changed(where):
            trim(where, most)

    def _changed(self, path: pathlib.Path) -> bool:
        """Whether something was written there since the command began."""
        try:
            return path.stat().st_mtime_ns > self._began - SLACK
        except OSError:
            return False

    def _remove(self, file: pathlib.Path, before: bool) -> None:
        if (before or self._changed(file)) and not _is_whole(file):
            with contextlib.suppress(OSError):
                file.unlink()


def _is_whole(file: pathlib.Path) -> bool:
    """Whether a program can be unpacked; one that is not packed with zlib counts as damaged."""
    try:
        zlib.decompress(file.read_bytes())
    except (OSError, zlib.error):
        return False
    return True


@contextlib.contextmanager
def cache_upkeep() -> Iterator[Upkeep]:
    """The upkeep of a command, which ends with it."""
    upkeep = Upkeep()
    try:
        yield upkeep
    finally:
        upkeep.end()
