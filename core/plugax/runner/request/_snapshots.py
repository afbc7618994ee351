"""How often a run saves its state, and how many snapshots are kept."""

import dataclasses
import re
from typing import Any

from ...errors import PlugaxError

UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(s|min|h)")


@dataclasses.dataclass(frozen=True)
class Snapshots:
    """How often a run saves its state, and how many snapshots are kept.

    Attributes:
        every: a number of steps, or a time such as `"30s"`, `"5min"` or `"1h"`; the clock is read
            between chunks.
        last: how many snapshots are kept, the newest included.
    """

    every: int | str = "30s"
    last: int = 2

    @property
    def steps(self) -> int | None:
        """Steps from one snapshot to the next; None if the clock decides."""
        return self.every if isinstance(self.every, int) else None

    @property
    def seconds(self) -> float:
        """Seconds from one snapshot to the next; infinite if steps decide."""
        return float("inf") if isinstance(self.every, int) else _seconds(self.every)

    @property
    def asked(self) -> dict[str, Any]:
        """As plain data, for the provenance of a run."""
        return {"snapshot_every": self.every, "keep_last": self.last}


USUAL = Snapshots()


def snapshots_of(every: Any, last: Any) -> Snapshots:
    """What a user asks for.

    Errors: `PlugaxError` for anything but what `Snapshots` says.
    """
    if isinstance(last, bool) or not isinstance(last, int) or last < 1:
        raise PlugaxError(f"keep_last must be a whole number, at least 1; got {last!r}.")
    whole = isinstance(every, int) and not isinstance(every, bool) and every >= 1
    if not whole and not (isinstance(every, str) and _seconds(every) > 0):
        raise PlugaxError(
            "snapshot_every must be a number of steps, at least 1, or a time such as '30s', '5min' "
            f"or '1h'; got {every!r}."
        )
    return Snapshots(every, last)


def _seconds(text: str) -> float:
    match = _SPAN.fullmatch(text.strip())
    return 0.0 if match is None else float(match.group(1)) * UNITS[match.group(2)]
