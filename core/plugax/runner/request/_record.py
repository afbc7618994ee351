"""Which metrics of which steps are kept in the history of a run."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...errors import PlugaxError, did_you_mean

MOST_EVERY = 2**20


@dataclasses.dataclass(frozen=True)
class Record:
    """What is recorded: by default all metrics of every step.

    Attributes:
        names: the names of the metrics; None for all.
        every: steps from one that is recorded to the next; the first step is recorded.
    """

    names: tuple[str, ...] | None = None
    every: int = 1

    @property
    def everything(self) -> bool:
        """Whether all metrics of every step are recorded."""
        return self.names is None and self.every == 1

    @property
    def asked(self) -> dict[str, Any]:
        """As plain data, for the provenance of a run."""
        return {
            "record": None if self.names is None else list(self.names),
            "record_every": self.every,
        }

    def rows(self, steps: Any) -> Any:
        """How many rows are recorded in the first steps: ⌈steps / every⌉."""
        return -(-steps // self.every)

    def numbers(self, first: int, end: int) -> np.ndarray:
        """The numbers of the steps that are recorded, from `first` up to, without, `end`."""
        return np.arange(self.rows(first), self.rows(end)) * self.every

    def kept(self, metrics: Mapping[str, Any], solver: str) -> dict[str, Any]:
        """The metrics that are recorded.

        Errors: `PlugaxError` if there is no metric of a name.
        """
        if self.names is None:
            return dict(metrics)
        for name in self.names:
            if name not in metrics:
                raise PlugaxError(
                    f"There is no metric {name!r} to record.{did_you_mean(name, metrics)} The "
                    f"metrics of {solver} on this problem are {', '.join(sorted(metrics))}."
                )
        return {name: metrics[name] for name in self.names}


EVERYTHING = Record()


def recording(names: Iterable[str] | str | None, every: int) -> Record:
    """What a user asks to be recorded.

    Arguments:
        names: a name, several, none (an empty tuple), or None for all metrics.
        every: steps from one that is recorded to the next.

    Errors: `PlugaxError` for anything else.
    """
    if isinstance(every, bool) or not isinstance(every, int) or not 1 <= every <= MOST_EVERY:
        raise PlugaxError(
            f"record_every must be a whole number from 1 to {MOST_EVERY}; got {every!r}."
        )
    found = (names,) if isinstance(names, str) else None if names is None else tuple(names)
    if found is not None and not all(isinstance(name, str) for name in found):
        raise PlugaxError(f"record must be names of metrics; got {names!r}.")
    return Record(found, every)
