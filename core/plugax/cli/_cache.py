"""The compilation cache of the command line: where it is, how large it may become, and its upkeep.

JAX keeps each compiled program in a file. It can bound the size itself
(`jax_compilation_cache_max_size`), but then looks at all files, under a lock, whenever it keeps a
program: 0.6 s for each if there are 2000, measured with JAX 0.10. Here it is done once, at the end
of a command that has added programs: those that were not used for longest are removed. A file is
removed at once or not at all, so commands that run at the same time do not disturb each other: the
worst that can happen is that a program is compiled again.
"""

import os
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._memory import size_text
from .._terminal import paragraph
from ..errors import PlugaxError

SIZE = "PLUGAX_CACHE_SIZE"
USUAL = 2**31
LEFT = 0.9  # of the bound: what is left after old programs were removed, so that it is not at once
SUFFIX = "-cache"
OF_JAX = (SUFFIX, "-atime")
"""How the names of the files end that JAX writes there."""
UNITS = {"": 1, "B": 1} | {
    f"{letter}{unit}": base**power
    for power, letter in enumerate("KMGT", 1)
    for unit, base in (("B", 1000), ("IB", 1024))
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Z]*)")


def default_cache() -> pathlib.Path:
    """Plugax's part of the user's cache directory, where compiled programs are kept."""
    import platformdirs

    return platformdirs.user_cache_path("plugax", appauthor=False) / "jax"


def directory(environment: Mapping[str, str] | None = None) -> pathlib.Path | None:
    """Where compiled programs are kept; None if they are not."""
    environment = os.environ if environment is None else environment
    where = environment.get("JAX_COMPILATION_CACHE_DIR")
    off = environment.get("JAX_ENABLE_COMPILATION_CACHE", "1").lower() in ("0", "false")
    return pathlib.Path(where) if where and not off else None


def bound(environment: Mapping[str, str] | None = None) -> int | None:
    """The most bytes that programs may take; None for any number.

    A directory that the user has chosen may hold programs of others, so it has a bound only if the
    user says so.

    Errors: `PlugaxError` for a size that cannot be read.
    """
    environment = os.environ if environment is None else environment
    given = environment.get(SIZE, "").strip()
    if given.lower() == "none":
        return None
    if given:
        match = _SIZE.fullmatch(given.upper())
        if match is None or match[2] not in UNITS:
            raise PlugaxError(
                f"{SIZE} must be a size such as 500MB or 2GB, or none for no bound; got {given!r}."
            )
        return int(float(match[1]) * UNITS[match[2]])
    if int(environment.get("JAX_COMPILATION_CACHE_MAX_SIZE", "-1")) != -1:
        return None  # JAX sees to it
    return USUAL if directory(environment) == default_cache() else None


def programs(where: pathlib.Path) -> list[tuple[int, int, pathlib.Path]]:
    """When each program was used last [ns], as far as the disk tells; its size; and its file."""
    found = []
    for entry in _files(where):
        try:
            stat = entry.stat()
        except FileNotFoundError:  # removed by another command
            continue
        if entry.name.endswith(SUFFIX):
            found.append((max(stat.st_atime_ns, stat.st_mtime_ns), stat.st_size, entry))
    return sorted(found)


def trim(where: pathlib.Path, most: int) -> None:
    """Remove programs, those first that were not used for longest, until few bytes are left."""
    found = programs(where)
    size = sum(size for _, size, _ in found)
    if size <= most:
        return
    for _, bytes_, file in found:
        _remove(file)
        size -= bytes_
        if size <= LEFT * most:
            return


def clear(where: pathlib.Path) -> None:
    """Remove all programs; other files stay.

    Errors: `PlugaxError` if that is not allowed.
    """
    for file in _files(where):
        if file.name.endswith(OF_JAX):
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise PlugaxError(f"{file} cannot be removed: {error.strerror}.") from error


def state() -> dict[str, Any] | None:
    """Where programs are kept, how many, their size and its bound; None if they are not kept."""
    where = directory()
    if where is None:
        return None
    sizes = [size for _, size, _ in programs(where)]
    return {
        "directory": str(where),
        "programs": len(sizes),
        "bytes": sum(sizes),
        "bound": bound(),
    }


def state_text(cache: dict[str, Any] | None) -> str:
    """What `plugax doctor` shows."""
    if cache is None:
        return "  off: every run compiles anew"
    most = "no bound" if cache["bound"] is None else f"at most {size_text(cache['bound'])}"
    size = f"{cache['programs']} programs, {size_text(cache['bytes'])}; {most}, see {SIZE}"
    return f"  {cache['directory']}\n{paragraph(size, indent=2)}\n  plugax doctor --clear-cache"


def _files(where: pathlib.Path) -> Iterator[pathlib.Path]:
    try:
        names = os.listdir(where)
    except OSError:  # not there, or not ours to read
        names = []
    return (where / name for name in names)


def _remove(file: pathlib.Path) -> None:
    """Remove a file, unless another command has, or it is not ours to remove."""
    try:
        file.unlink()
        file.with_name(file.name.removesuffix(SUFFIX) + "-atime").unlink(missing_ok=True)
    except OSError:
        pass
