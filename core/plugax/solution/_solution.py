"""The solution of one run."""

import dataclasses
import functools
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import PyTree

from ..display import Figures
from ._format import save_run
from ._history import evaluations_of, history_of
from ._history_figure import history_figure
from ._plot import plot
from ._status import Status
from ._summary import solution_html, summary_of
from ._table import Table

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True, repr=False)
class Solution:
    """The result of a run. `print` shows a summary, and so does a notebook.

    Attributes:
        unknowns: the answer, structured as `problem.init` makes it.
        status: how the run ended.
        metrics: the results of `problem.evaluate`, as plain numbers, strings and lists.
        steps: the number of steps that led to the unknowns.
        compile_seconds: time in calls that traced and compiled; almost none the second time.
        run_seconds: time in the steps themselves.
        wait_seconds: the part of it in which the loop waited for batches from the host.
        provenance: everything needed to repeat the run: versions, plugins, options, seed, device,
            precision.
        series: the history as NumPy arrays by name, the steps that were recorded along axis 0.
        evaluation_series: the evaluations as NumPy arrays by name, evaluations along axis 0, and
            after how many steps they were made, in `step`.
        state: the solver's state after the last step, from which the run can go on.
        problem: the problem that was solved.
        solver: the solver that solved it.
        best: the run as it was at its best evaluation, if that was kept (`keep_best`): what a run
            of so many steps would have given. None without such an evaluation.
        unsaved: why the run could not be saved in `out`; None if it was saved, or had no `out`.
        coordinates: of a member of a population: its values of what was swept, by name.
        schedule: of a member of population-based training: the options that led to it, by name,
            each from a `step` on; empty for other runs.
        recoveries: what `on_non_finite` has done. With `"skip"`: how many steps were `skipped`, and
            how many of the latest `in_a_row`. With `"rollback"`, an entry for each: the step that
            `failed`, the `step` that the run went back to, and the learning rate from there.
        points: the steps that such a run may go back to, and the solver's state after each.
        directory: where it was saved last, or loaded from; None if it is not saved.
        place: where data that are read on the host go on, if they tell: `"step"`, at or before the
            last one, and `"readers"`. None for others.
    """

    unknowns: PyTree
    status: Status
    metrics: dict[str, Any]
    steps: int
    compile_seconds: float
    run_seconds: float
    provenance: dict[str, Any]
    series: Mapping[str, np.ndarray]
    evaluation_series: Mapping[str, np.ndarray]
    state: PyTree
    problem: Any
    solver: Any
    best: "Solution | None" = None
    unsaved: str | None = None
    coordinates: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    schedule: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    directory: pathlib.Path | None = None
    wait_seconds: float = 0.0
    place: Mapping[str, Any] | None = None
    recoveries: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    points: Mapping[int, PyTree] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def history(self) -> "xr.Dataset":
        """The metrics of the recorded steps; those of step i belong to where it started from."""
        return history_of(self.series, every=self.provenance["run"]["record_every"])

    @functools.cached_property
    def evaluations(self) -> "xr.Dataset":
        """The results of `problem.evaluate` after `step` steps; see `evaluate_every`."""
        return evaluations_of(self.evaluation_series)

    def figures(self) -> dict[str, Any]:
        """The figures of problem and solver: Matplotlib figures and animations by name.

        If they draw none, the figure `history` of all metrics over the steps.
        """
        drawn = self.problem.figures(self) | self.solver.figures(self)
        if drawn:
            return drawn
        every = self.provenance["run"]["record_every"]
        history = history_figure(self.series, self.evaluation_series, every=every)
        return {} if history is None else {"history": history}

    def plot(self, name: str | None = None) -> Figures:
        """The figures, or one of them; a notebook shows what a cell ends with.

        Arguments:
            name: that of a figure; `"history"`, all metrics over the steps; or that of one metric
                of the steps. By default all that `figures` returns.

        Errors: `UnknownNameError`, with the names there are; `PlugaxError` if there is nothing to
        draw.
        """
        every = self.provenance["run"]["record_every"]
        return plot(self.figures(), self.series, self.evaluation_series, name, every=every)

    def tables(self) -> tuple[Table, ...]:
        """The tables of problem and solver, of the schedule, and of the rollbacks.

        The command line prints them.
        """
        numbers = {name: x.tolist() for name, x in self.schedule.items() if x.ndim == 1}
        schedule = (Table(numbers, title="options from each step on"),) if numbers else ()
        back = {n: x.tolist() for n, x in self.recoveries.items() if x.ndim == 1 and x.size}
        title = "rollbacks, learning rates from each step on"
        rollbacks = (Table(back, title=title),) if back else ()
        return (*self.problem.tables(self), *self.solver.tables(self), *schedule, *rollbacks)

    @functools.cached_property
    def posterior(self) -> Any:
        """What the solver knows of the unknowns beyond a point, such as draws; None for nothing."""
        return self.solver.posterior(self)

    def predict(self, inputs: Any, **options: Any) -> Any:
        """What the problem predicts at other inputs, given this solution.

        Arguments:
            inputs: the inputs, in the form that the problem takes.
            options: options of the problem's `predict`.
        """
        return self.problem.predict(self, inputs, **options)

    def predict_table(self, data: Any) -> Mapping[str, Any]:
        """What the problem predicts for every row of a table, columns by name.

        Arguments:
            data: a file's path, or arrays by name.
        """
        return self.problem.predict_table(self, data)

    def save(self, path: str | os.PathLike) -> None:
        """Write everything into the directory `path`, from which `plugax.load` reads it.

        The files replace an older run all at once: if the process is killed meanwhile, either the
        old run or the new one is complete. `history.nc` and `evaluations.nc` (NetCDF) are for other
        programs.

        Errors: `OSError` if the files cannot be written; an older run is then still there.
        """
        save_run(self, path)
        # What is known of its place, not of the run: the solution itself stays as it is.
        object.__setattr__(self, "directory", pathlib.Path(path))

    def __repr__(self) -> str:
        return summary_of(self).text()

    def _repr_html_(self) -> str:
        return solution_html(self)
