"""The solution of one run."""

import dataclasses
import functools
import math
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import PyTree

from ..problems import describe_variations
from ._arrays import array_bytes, dtypes_of, series_bytes
from ._directory import write_run
from ._history import evaluations_of, history_of, netcdf
from ._history_figure import history_figure
from ._status import Status
from ._table import Table

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True)
class Solution:
    """The result of a run.

    Attributes:
        unknowns: the answer, structured as `problem.init` makes it.
        status: how the run ended.
        metrics: the results of `problem.evaluate`, as plain numbers, strings and lists.
        steps: the number of steps that led to the unknowns.
        compile_seconds: time in calls that traced and compiled; almost none the second time.
        run_seconds: time in the steps themselves.
        provenance: everything needed to repeat the run: versions, plugins, options, seed, device,
            precision.
        series: the history as NumPy arrays by name, steps along axis 0.
        evaluation_series: the evaluations as NumPy arrays by name, evaluations along axis 0, and
            after how many steps they were made, in `step`.
        state: the solver's state after the last step, from which the run can go on.
        problem: the problem that was solved.
        solver: the solver that solved it.
        unsaved: why the run could not be saved in `out`; None if it was saved, or had no `out`.
    """

    unknowns: PyTree
    status: Status
    metrics: dict[str, Any]
    steps: int
    compile_seconds: float
    run_seconds: float
    provenance: dict[str, Any]
    series: Mapping[str, np.ndarray] = dataclasses.field(repr=False)
    evaluation_series: Mapping[str, np.ndarray] = dataclasses.field(repr=False)
    state: PyTree = dataclasses.field(repr=False)
    problem: Any = dataclasses.field(repr=False)
    solver: Any = dataclasses.field(repr=False)
    unsaved: str | None = None

    @functools.cached_property
    def history(self) -> "xr.Dataset":
        """The metrics of every step; those of step i belong to the unknowns it started from."""
        return history_of(self.series)

    @functools.cached_property
    def evaluations(self) -> "xr.Dataset":
        """The results of `problem.evaluate` after `step` steps; see `evaluate_every`."""
        return evaluations_of(self.evaluation_series)

    def figures(self) -> dict[str, Any]:
        """The problem's figures of this solution: Matplotlib figures and animations by name.

        If the problem draws none, the figure `history` of all metrics over the steps.
        """
        drawn = self.problem.figures(self)
        history = None if drawn else history_figure(self.series, self.evaluation_series)
        return drawn if history is None else {"history": history}

    def tables(self) -> tuple[Table, ...]:
        """The problem's tables of this solution, which the command line prints."""
        return self.problem.tables(self)

    def predict(self, inputs: Any, **options: Any) -> Any:
        """What the problem predicts at other inputs, given this solution.

        Arguments:
            inputs: the inputs, in the form that the problem takes.
            options: options of the problem's `predict`.
        """
        return self.problem.predict(self, inputs, **options)

    def save(self, path: str | os.PathLike) -> None:
        """Write everything into the directory `path`, from which `plugax.load` reads it.

        The files are `solution.json` (status, metrics, provenance, the SHA-256 of each file),
        `unknowns.npz`, `state.npz`, `history.npz`, `evaluations.npz` and `variations.npz` (bounds,
        fixed unknowns, a given start); and for other programs `history.nc` and `evaluations.nc`
        (NetCDF). They replace an older run all at once: if the process is killed meanwhile, either
        the old run or the new one is complete.

        Errors: `OSError` if the files cannot be written; an older run is then still there.
        """
        step = np.asarray(self.steps)
        varied = describe_variations(self.problem) if self.provenance.get("variations") else None
        variations = {"variations.npz": series_bytes(varied[1])} if varied else {}
        files = {
            "unknowns.npz": array_bytes(self.unknowns),
            "state.npz": array_bytes({"step": step, "state": self.state}),
            "history.npz": series_bytes(self.series),
            "evaluations.npz": series_bytes(self.evaluation_series),
            **variations,
            "history.nc": netcdf(self.history, self.provenance),
            "evaluations.nc": netcdf(self.evaluations, self.provenance),
        }
        summary = {
            "status": dataclasses.asdict(self.status),
            "steps": self.steps,
            "metrics": self.metrics,
            "compile_seconds": self.compile_seconds,
            "run_seconds": self.run_seconds,
            "provenance": self.provenance,
            "dtypes": {
                "history": dtypes_of(self.series),
                "evaluations": dtypes_of(self.evaluation_series),
                "variations": dtypes_of(varied[1] if varied else {}),
            },
        }
        write_run(pathlib.Path(path), finite(summary), files)


def finite(value: Any) -> Any:
    """`value` with every number that JSON cannot express replaced by None."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
