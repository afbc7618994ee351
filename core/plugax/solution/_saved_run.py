"""A run as it was read from its directory; only its unknowns and its state need JAX."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PlugaxError
from ._directory import BEST, POINT, SUMMARY, SavedArrays, file_of, read_summary
from ._lineage import Lineage, lineage_from
from ._members import member_values, scalars_of, swept_from
from ._rows import check_rows, read_rows
from ._series import cut, members_first
from ._status import Status, overall

if TYPE_CHECKING:
    from jaxtyping import PyTree


@dataclasses.dataclass(frozen=True)
class SavedRun:
    """A run as it was read from its directory.

    Attributes:
        directory: the directory.
        summary: the content of `solution.json`.
        arrays: the arrays of the other files, by the names of the files without their ending.
    """

    directory: pathlib.Path
    summary: Mapping[str, Any]
    arrays: SavedArrays

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
        return "swept" in self.arrays

    def series(self, name: str) -> dict[str, np.ndarray]:
        """Arrays by name: of `history`, `evaluations`, `variations`, `members`, `swept` ….

        Those of the history and the evaluations are read from the file where they are used.
        """
        if name not in self.summary.get("rows", ()):
            return dict(self.arrays[name])
        over = self.provenance["run"].get("over", {})
        series = members_first(read_rows(*self._rows(name)), len(over))
        if name == "history" and over and self.summary.get("best"):
            # The file goes on, for members whose best was found later.
            every = self.provenance["run"]["record_every"]
            series = cut(series, -(-self.arrays["members"]["steps"] // every))
        return series

    @property
    def paths(self) -> list[pathlib.Path]:
        """Where its other files are."""
        names = [*(f"{name}.npz" for name in self.arrays), *self.summary.get("exports", ())]
        rows = [name for name in self.summary.get("rows", ()) if self.summary["rows"][name]["rows"]]
        return [file_of(self.directory, self.summary, name) for name in names] + [
            self._rows(name)[0] for name in rows
        ]

    def check(self) -> None:
        """Compare all files with their SHA-256.

        Errors: `PlugaxError` if a file is missing, damaged or from another run.
        """
        if isinstance(self.arrays, SavedArrays):
            self.arrays.check()
        for name in self.summary.get("rows", ()):
            check_rows(*self._rows(name))

    def _rows(self, name: str) -> tuple[pathlib.Path, Mapping[str, Any]]:
        entry = self.summary["rows"][name]
        return self.directory / self.summary["root"] / entry["file"], entry

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
        if "lineage" not in self.arrays:
            return None
        return lineage_from(self.series("lineage"), self.provenance["run"]["race"]["by"])

    @property
    def schedule(self) -> dict[str, np.ndarray]:
        """The options that led to a member of population-based training; empty for other runs."""
        return self.series("schedule") if "schedule" in self.arrays else {}

    @property
    def recoveries(self) -> dict[str, np.ndarray]:
        """What was done about steps that came to nothing finite; empty if nothing was to be."""
        return self.series("recoveries") if "recoveries" in self.arrays else {}

    def points(self, like: "PyTree") -> "dict[int, PyTree]":
        """The states that the run may go back to by step, in the structure of `like`."""
        whole = {"step": np.asarray(0), "state": like}
        names = sorted(name for name in self.arrays if name.startswith(POINT))
        found = [self._tree(name, whole) for name in names]
        return {int(one["step"]): one["state"] for one in found}

    def unknowns(self, like: "PyTree") -> "PyTree":
        """The answer, in the structure of `like`."""
        return self._tree("unknowns", like)

    def state(self, like: "PyTree") -> "PyTree":
        """The solver's state, in the structure of `like`."""
        whole = {"step": np.asarray(0), "state": like}
        return self._tree("state", whole)["state"]

    def starts(self, like: "PyTree") -> "PyTree | None":
        """The unknowns that the members start from, in the structure of `like`, if swept."""
        return self._tree("starts", like) if "starts" in self.arrays else None

    def best(self) -> "SavedRun | None":
        """The run as it was at its best, if that was kept."""
        directory = self.directory / BEST
        kept = self.provenance["run"].get("keep_best") is not None
        return read_saved_run(directory) if kept and (directory / SUMMARY).is_file() else None

    def _tree(self, name: str, like: "PyTree") -> "PyTree":
        from ._arrays import tree_from

        return tree_from(self.arrays[name], like, self.directory / f"{name}.npz")


def read_saved_run(path: str | os.PathLike) -> SavedRun:
    """The run saved in the directory `path`, after a check of all its files.

    Errors: `PlugaxError` if there is none, or if a file is missing, damaged or from another run.
    """
    directory = pathlib.Path(path)
    run = summarised_run(directory)
    while True:
        try:
            run.check()
        except PlugaxError:
            newer = summarised_run(directory)
            if newer.summary.get("id") == run.summary.get("id"):
                raise
            run = newer  # it was saved again while it was read
        else:
            return run


def summarised_run(directory: pathlib.Path) -> SavedRun:
    """The run saved in a directory; its other files are read and checked when they are used.

    Errors: `PlugaxError` if there is none, or `solution.json` is damaged.
    """
    summary = read_summary(directory)
    return SavedRun(directory, summary, SavedArrays(directory, summary))
