"""Who goes on from whom in population-based training, and with which options.

Members are counted in the order of the sweep; the last name varies fastest.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

_OPTIONS = "options."


@dataclasses.dataclass(frozen=True)
class Lineage:
    """The parents and the options of every member, rung by rung.

    The rungs divide a run into intervals: one before the first rung, and one after each.

    Attributes:
        steps: the number of steps after which members were judged.
        merit: their figures of merit then; NaN for those that were not running.
        parents: the member from whose state each goes on there, its own or another's.
        options: the swept values by name, from the start on and from every rung on.
        ends: the interval in which each member ends; that of a best lies before the last.
        by: the name of the figure of merit.
    """

    steps: Int[np.ndarray, " rungs"]
    merit: Float[np.ndarray, "rungs members"]
    parents: Int[np.ndarray, "rungs members"]
    options: Mapping[str, Shaped[np.ndarray, "intervals members ..."]]
    ends: Int[np.ndarray, " members"]
    by: str

    @property
    def values(self) -> dict[str, np.ndarray]:
        """The values by name with which every member ends."""
        members = np.arange(self.ends.size)
        return {name: values[self.ends, members] for name, values in self.options.items()}

    def line(self, member: int) -> Int[np.ndarray, " intervals"]:
        """Whose run a member continues, itself in its last interval: a number for every one."""
        line = [member]
        for rung in range(int(self.ends[member]) - 1, -1, -1):
            line.append(int(self.parents[rung, line[-1]]))
        return np.array(line[::-1])

    def schedule(self, member: int) -> dict[str, np.ndarray]:
        """The options that led to a member, by name: a row for the start and for every change.

        The options of a row hold from its `step` on.
        """
        line = self.line(member)
        intervals = np.arange(line.size)
        steps = np.concatenate([[0], self.steps])[: line.size]
        options = {name: values[intervals, line] for name, values in self.options.items()}
        changed = [(x[1:] != x[:-1]).reshape(line.size - 1, -1).any(1) for x in options.values()]
        kept = np.append(True, np.any(changed, axis=0))
        return {name: values[kept] for name, values in ({"step": steps} | options).items()}

    def history(self, values: np.ndarray, member: int, *, every: int) -> np.ndarray:
        """The rows of a series, `(members, rows, …)`, that led to a member."""
        rows = np.arange(values.shape[1])
        return self._along(values, member, np.searchsorted(self.steps, rows * every, "right"))

    def evaluations(self, values: np.ndarray, member: int, steps: np.ndarray) -> np.ndarray:
        """The evaluations, `(members, evaluations, …)`, that led to a member.

        One at a rung was made before members went on from others.
        """
        return self._along(values, member, np.searchsorted(self.steps, steps, "left"))

    def _along(self, values: np.ndarray, member: int, interval: np.ndarray) -> np.ndarray:
        line = self.line(member)
        return values[line[np.minimum(interval, line.size - 1)], np.arange(interval.size)]

    def after(
        self,
        step: int,
        merit: np.ndarray,
        parents: np.ndarray,
        options: Mapping[str, np.ndarray],
    ) -> "Lineage":
        """The lineage with one more rung."""
        joined = {n: np.concatenate([x, options[n][None]]) for n, x in self.options.items()}
        return Lineage(
            np.append(self.steps, step),
            np.concatenate([self.merit, merit[None]]),
            np.concatenate([self.parents, parents[None]]),
            joined,
            self.ends + 1,
            self.by,
        )

    def until(self, steps: Int[np.ndarray, " members"]) -> "Lineage":
        """The lineage of states that members had after so many steps, before a rung there."""
        return dataclasses.replace(self, ends=np.searchsorted(self.steps, steps, "left"))

    def arrays(self) -> dict[str, np.ndarray]:
        """As arrays by name, for a file."""
        own = {name: getattr(self, name) for name in ("steps", "merit", "parents", "ends")}
        return own | {f"{_OPTIONS}{name}": values for name, values in self.options.items()}


def lineage_from(arrays: Mapping[str, np.ndarray], by: str) -> Lineage:
    """The lineage, from its `arrays` and the name of its figure of merit."""
    own: dict[str, Any] = {n: x for n, x in arrays.items() if not n.startswith(_OPTIONS)}
    options = {n.removeprefix(_OPTIONS): x for n, x in arrays.items() if n not in own}
    return Lineage(**own, options=options, by=by)
