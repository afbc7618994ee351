"""A run as it was read from its directory; only its unknowns and its state need JAX."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ._directory import BEST, POINT, SUMMARY, read_run
from ._lineage import Lineage, lineage_from
from ._members import member_values, scalars_of, swept_from
from ._series import series_from
from ._status import Status, overall

if TYPE_CHECKING:
    from jaxtyping import PyTree


@dataclasses.dataclass(frozen=True)
class SavedRun:
    """A run as it was read from its directory.

    Attributes:
        directory: the directory.
        summary: the content of `solution.json`.
        files: the contents of the other files by name.
    """

    directory: pathlib.Path
    summary: Mapping[str, Any]
    files: Mapping[str, bytes]

    @property
    def provenance(self) -> dict[str, Any]:
        """Everything needed to repeat the run."""
        return self.summary["provenance"]

    @property
    def statuses(self) -> list[Status]:
        """How the run of every member ended, or the one run."""
        told = self.summary["status"]
        return [Status(**status) for status in (told if isinstance(told, list) else [told])]

    @property
    def status(self) -> Status:
        """How the run ended, all members together."""
        statuses = self.statuses
        return overall(statuses) if isinstance(self.summary["status"], list) else statuses[0]

    @property
    def is_population(self) -> bool:
        """Whether it has the members of a sweep."""
        return "swept.npz" in self.files

    def series(self, name: str) -> dict[str, np.ndarray]:
        """Arrays by name: of `history`, `evaluations`, `variations`, `members`, `swept` …."""
        return series_from(self.files[f"{name}.npz"], self.summary["dtypes"][name])

    @property
    def swept(self) -> dict[str, Any]:
        """What a population was swept over along every axis, by name; None for starts."""
        return swept_from(self.series("swept"), self.provenance["run"]["over"])

    @property
    def values(self) -> dict[str, np.ndarray]:
        """The swept values by name, one for every member; positions of starts and arrays."""
        own = {} if self.lineage is None else scalars_of(self.lineage.values)
        return member_values(self.swept, tuple(self.provenance["run"]["over"].values())) | own

    @property
    def lineage(self) -> Lineage | None:
        """Parents and options of population-based training; None for other runs."""
        if "lineage.npz" not in self.files:
            return None
        return lineage_from(self.series("lineage"), self.provenance["run"]["race"]["by"])

    @property
    def schedule(self) -> dict[str, np.ndarray]:
        """The options that led to a member of population-based training; empty for other runs."""
        return self.series("schedule") if "schedule.npz" in self.files else {}

    @property
    def recoveries(self) -> dict[str, np.ndarray]:
        """What was done about steps that came to nothing finite; empty if nothing was to be."""
        return self.series("recoveries") if "recoveries.npz" in self.files else {}

    def points(self, like: "PyTree") -> "dict[int, PyTree]":
        """The states that the run may go back to by step, in the structure of `like`."""
        whole = {"step": np.asarray(0), "state": like}
        names = sorted(name for name in self.files if name.startswith(POINT))
        found = [self._arrays(name, whole) for name in names]
        return {int(one["step"]): one["state"] for one in found}

    def unknowns(self, like: "PyTree") -> "PyTree":
        """The answer, in the structure of `like`."""
        return self._arrays("unknowns.npz", like)

    def state(self, like: "PyTree") -> "PyTree":
        """The solver's state, in the structure of `like`."""
        whole = {"step": np.asarray(0), "state": like}
        return self._arrays("state.npz", whole)["state"]

    def starts(self, like: "PyTree") -> "PyTree | None":
        """The unknowns that the members start from, in the structure of `like`, if swept."""
        return self._arrays("starts.npz", like) if "starts.npz" in self.files else None

    def best(self) -> "SavedRun | None":
        """The run as it was at its best, if that was kept."""
        directory = self.directory / BEST
        kept = self.provenance["run"].get("keep_best") is not None
        return read_saved_run(directory) if kept and (directory / SUMMARY).is_file() else None

    def _arrays(self, name: str, like: "PyTree") -> "PyTree":
        from ._arrays import arrays_from

        return arrays_from(self.files[name], like, self.directory / name)


def read_saved_run(path: str | os.PathLike) -> SavedRun:
    """The run saved in the directory `path`.

    Errors: `PlugaxError` if there is none, or if a file is missing, damaged or from another run.
    """
    directory = pathlib.Path(path)
    return SavedRun(directory, *read_run(directory))
