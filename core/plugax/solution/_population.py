"""The results of a population run: many members, one program."""

import dataclasses
import functools
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from ..display import Figures
from ..errors import PlugaxError
from ._format import save_run
from ._history import evaluations_of, history_of
from ._history_figure import as_float, history_figure
from ._lineage import Lineage
from ._lineage_figure import lineage_figure
from ._members import POINTS, member_values, scalars_of
from ._plot import plot
from ._solution import Solution
from ._status import Status, overall
from ._summary import population_html, population_summary
from ._sweep_figure import sweep_figure
from ._table import Table

if TYPE_CHECKING:
    import xarray as xr

MOST_COLUMNS = 4
"""How many metrics the table of all members shows."""


@dataclasses.dataclass(frozen=True, repr=False)
class Population:
    """The members of a sweep; arrays have the axes of the sweep in front.

    `print` shows a summary, and a notebook a table of the members.

    Attributes:
        unknowns: every member's unknowns.
        status: every member's status, an object array.
        metrics: the results of `problem.evaluate`, and the summary of each run.
        joint_metrics: the solver's summary of all members together, if they differ in seed or start
            alone.
        steps: every member's number of steps.
        compile_seconds: time in calls that traced and compiled.
        run_seconds: time in the steps, all members together.
        provenance: versions, plugins, options, device, precision.
        series: the history as NumPy arrays `(*sweep, steps, …)`, NaN after a member's last step.
        evaluation_series: the evaluations as NumPy arrays `(*sweep, evaluations, …)`, and after how
            many steps they were made, in `step`.
        state: every member's state of the solver, from which the run can go on.
        problem: the problem before anything was swept.
        solver: the solver before anything was swept.
        swept: the values in which the members differ, by name, in the order of the axes.
        parts: gives the problem, the solver and the provenance of a member, by its number.
        bests: every member as it was at its best evaluation, if that was kept (`keep_best`), and
            with 0 steps a member that has none; None if no member has one.
        lineage: in population-based training, who went on from whom, and with which options; else
            None.
        unsaved: why the run could not be saved in `out`; None if it was saved, or had no `out`.
        directory: where it was saved last, or loaded from; None if it is not saved.
        wait_seconds: the part of `run_seconds` in which the loop waited for batches from the host.
        place: as for `Solution`.
        recoveries: as for `Solution`, for every member.
    """

    unknowns: PyTree
    status: np.ndarray
    metrics: dict[str, Any]
    joint_metrics: dict[str, Any]
    steps: np.ndarray
    compile_seconds: float
    run_seconds: float
    provenance: dict[str, Any]
    series: Mapping[str, np.ndarray]
    evaluation_series: Mapping[str, np.ndarray]
    state: PyTree
    problem: Any
    solver: Any
    swept: Mapping[str, PyTree]
    parts: Callable[[int], tuple[Any, Any, dict[str, Any]]]
    bests: "Population | None" = None
    lineage: Lineage | None = None
    unsaved: str | None = None
    directory: pathlib.Path | None = None
    wait_seconds: float = 0.0
    place: Mapping[str, Any] | None = None
    recoveries: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)

    @property
    def success(self) -> np.ndarray:
        """Which members were successful."""
        return np.vectorize(lambda status: status.success, otypes=[bool])(self.status)

    @property
    def names(self) -> np.ndarray:
        """The names of the members' statuses: how each run ended."""
        return np.vectorize(lambda status: status.name, otypes=[object])(self.status)

    @property
    def record_every(self) -> int:
        """Steps from one that the history keeps to the next."""
        return self.provenance["run"]["record_every"]

    @functools.cached_property
    def coordinates(self) -> Mapping[str, np.ndarray]:
        """The swept values by name; positions if a value is itself an array or a pytree."""
        return {
            name: values
            if isinstance(values, np.ndarray) and values.ndim == 1
            else np.arange(count)
            for (name, values), count in zip(self.swept.items(), self.status.shape, strict=True)
        }

    @functools.cached_property
    def values(self) -> dict[str, np.ndarray]:
        """The swept values by name, one for every member; positions as in `coordinates`.

        In population-based training those with which the members end.
        """
        own = {} if self.lineage is None else scalars_of(self.lineage.values)
        return member_values(self.swept, self.status.shape) | own

    @functools.cached_property
    def history(self) -> "xr.Dataset":
        """The metrics of every member and step, over the sweep's coordinates and `step`."""
        return self._at_points(history_of(self.series, self.coordinates, every=self.record_every))

    @functools.cached_property
    def evaluations(self) -> "xr.Dataset":
        """The results of `problem.evaluate` for every member after `step` steps."""
        return self._at_points(evaluations_of(self.evaluation_series, self.coordinates))

    def _at_points(self, dataset: "xr.Dataset") -> "xr.Dataset":
        """The data set with the coordinates of drawn points."""
        points = self.swept.get(POINTS, {})
        return dataset.assign_coords({name: (POINTS, values) for name, values in points.items()})

    def member(self, **chosen: int) -> Solution:
        """The solution of one member, chosen by its position along the axis of every swept name.

        Names with a dot are written with two underscores: `member(optimizer__learning_rate=3)`.
        """
        return self._at(tuple(chosen[name.replace(".", "__")] for name in self.swept))

    def best(self, by: str = "loss", *, largest: bool = False) -> Solution:
        """The member with the smallest figure of merit, among those that did not fail.

        Members that a race has stopped count only if all were stopped.

        Arguments:
            by: `"loss"`, at the unknowns that the last step started from; or the name of a scalar
                that `problem.evaluate` returns.
            largest: whether the largest is the best, as of an accuracy.

        Errors: `PlugaxError` if there is no such figure, or none is finite.
        """
        figures = self.figure_of_merit(by, largest=largest)
        if not (pruned := self.names == "pruned").all():
            figures = np.where(pruned, np.inf, figures)
        if np.isinf(figures).all():
            raise PlugaxError(f"No member has a finite {by!r}: {self.status.flat[0]}")
        return self._at(np.unravel_index(int(figures.argmin()), figures.shape))

    def figure_of_merit(self, by: str = "loss", *, largest: bool = False) -> np.ndarray:
        """Every member's figure of merit, by which `best` chooses; infinity for those that failed.

        Arguments:
            by: as for `best`.
            largest: as for `best`; the figures are then negated.

        Errors: `PlugaxError` if there is no such figure.
        """
        figures = self.last_losses() if by == "loss" else self.metrics.get(by)
        if not isinstance(figures, np.ndarray) or figures.shape != self.status.shape:
            scalars = [
                name
                for name, values in self.metrics.items()
                if isinstance(values, np.ndarray) and values.shape == self.status.shape
            ]
            known = ", ".join(["loss", *scalars])
            raise PlugaxError(f"There is no figure {by!r} to choose by; there are {known}.")
        figures = -as_float(figures) if largest else as_float(figures)
        return np.where((self.names == "non-finite") | ~np.isfinite(figures), np.inf, figures)

    @property
    def main_figure(self) -> str:
        """The figure of merit that is drawn: the problem's first score, or else the loss.

        If the loss was not recorded, it is the first metric that is a number.
        """
        numbers = [n for n, x in self.metrics.items() if np.shape(x) == self.status.shape]
        loss = ["loss"] if "loss" in self.series else []
        scores = [name for name in self.problem.scores if name in numbers]
        return [*scores, *loss, *numbers, "loss"][0]

    @functools.cached_property
    def posterior(self) -> Any:
        """What the solver knows of the unknowns beyond a point, of all members; None for nothing.

        Errors: `PlugaxError` if the arrays of the members differ in shape.
        """
        members = [self._at(index).posterior for index in np.ndindex(self.status.shape)]
        if members[0] is None:
            return None

        def stack(*leaves: Any) -> Any:
            if not eqx.is_array(leaves[0]):
                return leaves[0]
            if len({np.shape(leaf) for leaf in leaves}) > 1:
                raise PlugaxError(
                    "The posteriors of the members have arrays of different shapes; take those of "
                    "single members: population.member(…).posterior."
                )
            return np.stack(leaves).reshape((*self.status.shape, *np.shape(leaves[0])))

        return jax.tree.map(stack, *members)

    @property
    def joint_tables(self) -> tuple[Table, ...]:
        """The solver's tables of all members together, if they differ in seed or start alone."""
        return self.solver.joint_tables(self) if self._repeated else ()

    @property
    def _repeated(self) -> bool:
        """Whether the members are repetitions of one run."""
        return self.values.keys() <= {"seed", "start"}

    def overall(self) -> Status:
        """How the members ended, in one status: the name is that of the first failure, if any."""
        return overall(self.status.ravel().tolist())

    def tables(self) -> tuple[Table, ...]:
        """A table of all members: what was swept, how each ended, and a few metrics.

        The metrics are the `scores` of the problem, or else the first that are numbers. If the
        members differ in seed or start alone, the solver's tables of all of them follow.
        """
        shape = self.status.shape
        columns: dict[str, list] = {name: x.tolist() for name, x in self.values.items()}
        columns |= {"status": self.names.ravel().tolist(), "steps": self.steps.ravel().tolist()}
        numbers = {
            name: values.ravel().tolist()
            for name, values in self.metrics.items()
            if isinstance(values, np.ndarray) and values.shape == shape
        }
        shown = [name for name in self.problem.scores if name in numbers] or list(numbers)
        numbers = {name: numbers[name] for name in shown[:MOST_COLUMNS]}
        return (Table(columns | numbers, metrics=tuple(numbers)), *self.joint_tables)

    def figures(self) -> dict[str, Any]:
        """Two figures: `sweep`, the figure of merit against what was swept, and `history`.

        The history has all metrics over the steps, a line for every member. A sweep over seeds or
        starts alone has no other figure. Population-based training has, instead of `sweep`,
        `lineage`: the options over the steps, in the colour of the figure of merit. If the members
        differ in seed or start alone, the solver's figures of all of them follow.
        """
        told = {"every": self.record_every, "sweep": self.status.shape}
        drawn = {"history": history_figure(self.series, self.evaluation_series, **told)}
        if "loss" in self.series or self.main_figure != "loss":
            merit = self.figure_of_merit(self.main_figure).ravel()
            if self.lineage is None:
                drawn |= {"sweep": sweep_figure(self.values, merit, self.main_figure)}
        if self.lineage is not None:
            drawn |= {"lineage": self._lineage_figure(self.lineage)}
        if self._repeated:
            drawn |= self.solver.joint_figures(self)
        return {name: figure for name, figure in drawn.items() if figure is not None}

    def _lineage_figure(self, lineage: Lineage) -> Any:
        try:
            merit = self.figure_of_merit(lineage.by)
        except PlugaxError:  # the loss was not recorded
            merit = np.full(self.status.shape, np.nan)
        return lineage_figure(
            lineage, np.where(np.isinf(merit), np.nan, merit).ravel(), int(self.steps.max())
        )

    def plot(self, name: str | None = None) -> Figures:
        """The figures, or the one of this name, or one metric of `history`; see `Solution.plot`."""
        told = {"every": self.record_every, "sweep": self.status.shape}
        return plot(self.figures(), self.series, self.evaluation_series, name, **told)

    def save(self, path: str | os.PathLike) -> None:
        """Write everything into the directory `path`, from which `plugax.load` reads it.

        The files replace an older run all at once, as those of a `Solution`.

        Errors: `OSError` if the files cannot be written; an older run is then still there.
        """
        save_run(self, path)
        # What is known of its place, not of the run: the population itself stays as it is.
        object.__setattr__(self, "directory", pathlib.Path(path))

    def __repr__(self) -> str:
        return population_summary(self).text()

    def _repr_html_(self) -> str:
        return population_html(self)

    def last_losses(self) -> np.ndarray:
        """Every member's loss, at the unknowns that its last step started from.

        Errors: `PlugaxError` if the loss was not recorded.
        """
        if "loss" not in self.series:
            raise PlugaxError(
                "The loss was not recorded, so there is none to choose by. Record it, or choose by "
                "a metric of the answer."
            )
        losses = self.series["loss"]
        last = np.maximum(-(-self.steps // self.record_every) - 1, 0)[..., None]
        return np.take_along_axis(losses, last, axis=-1)[..., 0]

    def _at(self, index: tuple) -> Solution:
        """The solution of a member; its times are those of all members together."""
        number = int(np.ravel_multi_index(index, self.status.shape))
        status: Status = self.status.ravel().tolist()[number]
        steps = int(self.steps[index])
        # A step that failed has a row too, beyond those that were taken.
        rows = steps + (status.name == "non-finite" and not self.recoveries)
        rows = -(-rows // self.record_every)
        problem, solver, provenance = self.parts(number)
        passed = self.place is not None and self.place["step"] > steps  # by the other members
        at = lambda leaf: leaf[index] if eqx.is_array(leaf) else leaf  # noqa: E731
        return Solution(
            unknowns=jax.tree.map(at, self.unknowns),
            status=status,
            metrics={
                name: value[index].tolist() if isinstance(value, np.ndarray) else value
                for name, value in self.metrics.items()
            },
            steps=steps,
            compile_seconds=self.compile_seconds,
            run_seconds=self.run_seconds,
            provenance=provenance,
            series={name: values[:rows] for name, values in self._series_of(number).items()},
            evaluation_series=self._evaluations_of(number),
            state=jax.tree.map(at, self.state),
            best=self.bests._at(index) if self.bests and self.bests.steps[index] else None,
            problem=problem,
            solver=solver,
            coordinates={name: values[number] for name, values in self.values.items()},
            schedule={} if self.lineage is None else self.lineage.schedule(number),
            wait_seconds=self.wait_seconds,
            place=None if passed else self.place,
            recoveries={
                name: np.asarray(values[index]) for name, values in self.recoveries.items()
            },
        )

    def _series_of(self, number: int) -> dict[str, np.ndarray]:
        """The history that led to a member: that of its parents, and then its own."""
        flat = {name: self._flat(values) for name, values in self.series.items()}
        if self.lineage is None:
            return {name: values[number] for name, values in flat.items()}
        every = self.record_every
        return {n: self.lineage.history(x, number, every=every) for n, x in flat.items()}

    def _evaluations_of(self, number: int) -> dict[str, np.ndarray]:
        """The evaluations that led to a member, and after how many steps they were made."""
        series = dict(self.evaluation_series)
        steps = {"step": series.pop("step")} if series else {}
        flat = {name: self._flat(values) for name, values in series.items()}
        if self.lineage is None:
            return {name: values[number] for name, values in flat.items()} | steps
        at = steps["step"] if steps else np.arange(0)
        return {n: self.lineage.evaluations(x, number, at) for n, x in flat.items()} | steps

    def _flat(self, values: np.ndarray) -> np.ndarray:
        """An array with one axis of members in place of the axes of the sweep."""
        return values.reshape((self.status.size, *values.shape[self.status.ndim :]))
