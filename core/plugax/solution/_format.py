"""The format of a saved run: its files and what is in them, written and read here alone.

    solution.json       status, steps, metrics, provenance, seconds, dtypes, SHA-256 of each file
    unknowns.npz        the answer
    state.npz           the solver's state, from which the run can go on, and its step
    history.npz         the metrics of the steps
    evaluations.npz     the results of `problem.evaluate` during the run
    variations.npz      bounds, fixed unknowns, a given start
    members.npz         of a population: the steps and the metrics of every member
    swept.npz           of a population: the values that its members differ in,
    starts.npz            and the unknowns that they start from
    history.nc, evaluations.nc      for other programs (NetCDF); never read here

Arrays of a population have the axes of its sweep in front.
"""

import dataclasses
import math
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from jaxtyping import PyTree

from ..problems import describe_variations
from ._arrays import array_bytes, arrays_from, dtypes_of, series_bytes, series_from
from ._directory import read_run, write_run
from ._history import netcdf
from ._status import Status

if TYPE_CHECKING:
    from ._population import Population
    from ._solution import Solution

Arrays = Mapping[str, np.ndarray]


def save_run(run: "Solution | Population", path: str | os.PathLike) -> None:
    """Write a run into the directory `path`, in place of the one that is there, or not at all.

    Errors: `OSError` if the files cannot be written; an older run is then still there.
    """
    varied = describe_variations(run.problem) if run.provenance.get("variations") else None
    series: dict[str, Arrays] = {"history": run.series, "evaluations": run.evaluation_series}
    if varied:
        series["variations"] = varied[1]
    joint: dict[str, Any] = {}
    files, metrics, status, steps = {}, dict(run.metrics), run.status, np.asarray(run.steps)
    if isinstance(status, Status):
        told = dataclasses.asdict(status)
    else:
        told = [dataclasses.asdict(one) for one in status.ravel()]
        own = {name: value for name, value in metrics.items() if isinstance(value, np.ndarray)}
        series["members"] = {"steps": steps} | {f"metrics.{n}": v for n, v in own.items()}
        metrics = {name: value for name, value in metrics.items() if name not in own}
        population = cast("Population", run)
        joint, swept = population.joint_metrics, dict(population.swept)
        if "start" in swept:
            files["starts.npz"] = array_bytes(swept.pop("start"))
        series["swept"] = swept
    files |= {f"{name}.npz": series_bytes(arrays) for name, arrays in series.items()}
    files |= {
        "unknowns.npz": array_bytes(run.unknowns),
        "state.npz": array_bytes({"step": steps.max(), "state": run.state}),
        "history.nc": netcdf(run.history, run.provenance),
        "evaluations.nc": netcdf(run.evaluations, run.provenance),
    }
    summary = {
        "status": told,
        "steps": int(steps.max()),
        "metrics": metrics,
        "joint_metrics": joint,
        "compile_seconds": run.compile_seconds,
        "run_seconds": run.run_seconds,
        "provenance": run.provenance,
        "dtypes": {name: dtypes_of(arrays) for name, arrays in series.items()},
    }
    write_run(pathlib.Path(path), finite(summary), files)


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
    def is_population(self) -> bool:
        """Whether it has the members of a sweep."""
        return "swept.npz" in self.files

    def series(self, name: str) -> dict[str, np.ndarray]:
        """Arrays by name: of `history`, `evaluations`, `variations`, `members` or `swept`."""
        return series_from(self.files[f"{name}.npz"], self.summary["dtypes"][name])

    def unknowns(self, like: PyTree) -> PyTree:
        """The answer, in the structure of `like`."""
        return self._arrays("unknowns.npz", like)

    def state(self, like: PyTree) -> PyTree:
        """The solver's state, in the structure of `like`."""
        whole = {"step": np.asarray(0), "state": like}
        return self._arrays("state.npz", whole)["state"]

    def starts(self, like: PyTree) -> PyTree | None:
        """The unknowns that the members start from, in the structure of `like`, if swept."""
        return self._arrays("starts.npz", like) if "starts.npz" in self.files else None

    def _arrays(self, name: str, like: PyTree) -> PyTree:
        return arrays_from(self.files[name], like, self.directory / name)


def read_saved_run(path: str | os.PathLike) -> SavedRun:
    """The run saved in the directory `path`.

    Errors: `PlugaxError` if there is none, or if a file is missing, damaged or from another run.
    """
    directory = pathlib.Path(path)
    return SavedRun(directory, *read_run(directory))


def finite(value: Any) -> Any:
    """`value` with every number that JSON cannot express replaced by None."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
