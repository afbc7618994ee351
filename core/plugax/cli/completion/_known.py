"""What is known of commands and components, in a file of the user's cache directory.

The file is valid as long as the files that it was made from are unchanged: those of Plugax and its
plugins, and the directories in which packages are installed. If it is not, another process makes it
anew, and until then the old one has to do, or what is known without JAX.

Every <TAB> imports this module, so what is seldom needed is imported where it is.
"""

import json
import os
import pathlib
import sys
import time
import zlib
from typing import Any

PATIENCE = 60.0
"""Seconds until the file is tried to be made again, if that process came to nothing."""
VERSION = 1


def known() -> dict[str, Any]:
    """What is known now."""
    path = file()
    found = read(path)
    if found is None or not is_current(found):
        _make_in_background(path)
    if found is None:
        from ._gather import names

        return names()
    return found


def file() -> pathlib.Path:
    """The file for this environment: every one has plugins of its own."""
    import platformdirs

    environment = [sys.prefix, __file__]
    environment += [os.environ.get(name, "") for name in ("PYTHONPATH", "PLUGAX_BLOCK")]
    number = zlib.crc32("\0".join(environment).encode(errors="replace"))
    directory = platformdirs.user_cache_path("plugax", appauthor=False) / "completion"
    return directory / f"{number:08x}.json"


def read(path: pathlib.Path) -> dict[str, Any] | None:
    """What the file contains; None if there is none, or if it cannot be understood."""
    try:
        found = json.loads(path.read_bytes())
        return found if found["version"] == VERSION else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_current(found: dict[str, Any]) -> bool:
    """Whether all files that it was made from are unchanged."""
    try:
        return all(os.stat(path).st_mtime_ns == time for path, time in found["made_of"].items())
    except OSError:
        return False


def write(path: pathlib.Path, found: dict[str, Any]) -> None:
    """Write the file, completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(found, separators=(",", ":")))
    os.replace(new, path)
    _mark(path).unlink(missing_ok=True)


def _mark(path: pathlib.Path) -> pathlib.Path:
    """A file that is there while the other one is being made."""
    return path.with_suffix(".making")


def _make_in_background(path: pathlib.Path) -> None:
    """Start a process that makes the file, unless one is at it."""
    mark = _mark(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if time.time() - mark.stat().st_mtime < PATIENCE:
            return
        os.utime(mark)
    except OSError:
        return  # nothing can be kept
    import subprocess

    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "plugax", "completion", "--refresh"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    process.returncode = 0  # it outlives this one, which is not to wait or to complain
