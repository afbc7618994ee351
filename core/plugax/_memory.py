"""Whether something fits into memory, told before it is tried.

Memory that is not there is found out late: the system grants it, and ends the process when it is
used. So what is known to be needed is compared with what is free first.
"""

import pathlib
from typing import Any

from ._errors import OutOfMemoryError

_CGROUP = pathlib.Path("/sys/fs/cgroup")
_MEMORY = pathlib.Path("/proc/meminfo")
_WORDS = ("RESOURCE_EXHAUSTED", "Out of memory", "out of memory")


def check_memory(needed: int, what: str, *, device: Any = None) -> None:
    """Raise if so much memory is not free; to be called before a large thing is made.

    Arguments:
        needed: at least so much will be held at once [bytes].
        what: needs it, as in "A state of 10 variables at 5 times".
        device: JAX's device where it will lie; None for the host's memory.

    Errors: `OutOfMemoryError`, with both numbers; never where it is not known what is free.
    """
    free = free_memory(device)
    if free is not None and needed > free:
        where = "here" if device is None else f"on {device.platform}:{device.id}"
        raise OutOfMemoryError(
            f"{what} needs at least {size_text(needed)} of memory, and {size_text(free)} is free "
            f"{where}. Choose a smaller size."
        )


def free_memory(device: Any = None) -> int | None:
    """The memory that is free on a device of JAX, or here [bytes]; None if nobody knows."""
    if device is not None and device.platform != "cpu":
        stats = device.memory_stats() or {}
        limit = stats.get("bytes_limit")
        return None if limit is None else limit - stats.get("bytes_in_use", 0)
    found = [free for free in (_of_system(), _of_group()) if free is not None]
    return min(found, default=None)


def lacks_memory(error: BaseException) -> bool:
    """Whether an error, of Python or of XLA, says that there is no memory left."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError | ValueError) and any(word in str(error) for word in _WORDS)
    )


def first_line(error: BaseException) -> str:
    """What an error says first."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def size_text(size: int | float) -> str:
    """A size in the unit that suits it."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
    power = 0
    while size >= 1024 and power < len(units) - 1:
        size, power = size / 1024, power + 1
    return f"{size:.3g} {units[power]}"


def _of_system() -> int | None:
    try:
        for line in _MEMORY.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _of_group() -> int | None:
    """What a container may still take, if it has a bound."""
    try:
        most = int((_CGROUP / "memory.max").read_text())
        return most - int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return None
