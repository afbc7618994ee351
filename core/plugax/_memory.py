"""Checks that something fits into memory before it is made.

The system may grant more memory than there is, and end the process when it is used. So the memory
known to be needed is first compared with the memory that is free.
"""

import pathlib
from typing import Any

from .errors import OutOfMemoryError

_CGROUP = pathlib.Path("/sys/fs/cgroup")
_MEMORY = pathlib.Path("/proc/meminfo")
_WORDS = ("RESOURCE_EXHAUSTED", "Out of memory", "out of memory")


def check_memory(needed: int, what: str, *, device: Any = None) -> None:
    """Raise if there is not enough free memory; to be called before something large is made.

    Arguments:
        needed: the memory that will be needed at once, at least [bytes].
        what: what needs it, as in "A state of 10 variables at 5 times".
        device: the JAX device whose memory is used; None for the host.

    Errors: `OutOfMemoryError`, with both numbers; never if the free memory is not known.
    """
    free = free_memory(device)
    if free is not None and needed > free:
        where = "here" if device is None else f"on {device.platform}:{device.id}"
        raise OutOfMemoryError(
            f"{what} needs at least {size_text(needed)} of memory, and {size_text(free)} is free "
            f"{where}. Choose a smaller size."
        )


def free_memory(device: Any = None) -> int | None:
    """The free memory of a JAX device, or of the host [bytes]; None if it is not known."""
    if device is not None and device.platform != "cpu":
        stats = device.memory_stats() or {}
        limit = stats.get("bytes_limit")
        return None if limit is None else limit - stats.get("bytes_in_use", 0)
    found = [free for free in (_of_system(), _of_group()) if free is not None]
    return min(found, default=None)


def lacks_memory(error: BaseException) -> bool:
    """Whether an error of Python or XLA means that there is no memory left."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError | ValueError) and any(word in str(error) for word in _WORDS)
    )


def first_line(error: BaseException) -> str:
    """The first line of an error message."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def size_text(size: int | float) -> str:
    """A size in a suitable unit."""
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
    """The memory that a container may still use; None if it has no limit."""
    try:
        most = int((_CGROUP / "memory.max").read_text())
        return most - int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return None
