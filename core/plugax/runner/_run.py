"""One run from its first call to its solution: place, compile, drive, tell, save."""

import dataclasses
import os
import pathlib
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from .. import plugins
from .._errors import RunFailedError, UnsavedWarning
from ..observers import AbstractObserver, Progress
from ..problems import AbstractProblem
from ..solution import Solution, Status, forget_figures
from ..solvers import AbstractSolver
from ._breach import explained
from ._compile import compile_ahead
from ._device import find_device
from ._drive import Course, drive, warm_up
from ._evaluate import evaluate_if_due, evaluations_of, finished
from ._interrupt import deferred_interrupt
from ._length import Plan
from ._outcome import plain_metrics, remarked, status_of, summary_of
from ._place import check_call, place
from ._program import Task, again_at, begin, copy, unknowns_of
from ._provenance import provenance_of

# A run with `out` leaves its state on disk at least this often, looked at between chunks.
CHECKPOINT_SECONDS = 30.0


def run(
    problem: AbstractProblem,
    solver: AbstractSolver,
    before: Solution | None,
    *,
    seed: int,
    plan: Plan,
    chunk: int | None,
    device: str | None,
    observers: Iterable[AbstractObserver | str],
    out: str | os.PathLike | None,
    throw: bool,
) -> Solution:
    """Run up to the plan's last step, from the beginning or from where `before` ended."""
    check_call(problem, seed=seed, chunk=chunk)
    steps = plan.steps
    listeners = [plugins.observer(observer) for observer in observers]
    hook = plugins.default_manager().hook
    chosen = find_device(device)
    origin = provenance_of(problem, solver, chosen, seed=seed, **plan.asked, chunk=chunk)
    try:
        for listener in listeners:
            listener.on_start(steps)
        hook.before_compile(problem=problem, solver=solver)
        with (
            jax.default_device(chosen),
            explained(problem, solver),
            deferred_interrupt() as interrupt,
        ):
            task = Task(problem, solver.planned(problem, steps), jr.key(seed))
            task = task if device is None else place(task, chosen)
            began = time.perf_counter()
            course = _course(task, before)
            course.compile_seconds = time.perf_counter() - began
            hook.after_compile(problem=problem, solver=solver, seconds=course.compile_seconds)
            hook.before_run(problem=problem, solver=solver, steps=steps)
            between = _Between(problem, solver, before, task, plan, listeners, out, origin)
            drive(
                task,
                course,
                plan=plan,
                chunk=chunk,
                interrupt=interrupt,
                after_chunk=between.after_chunk,
            )
            status = status_of(course, 0, stopped_by=between.stopped_by, steps=steps)
            solution = between.solution(course, status)
    except BaseException as error:
        hook.on_run_error(problem=problem, solver=solver, error=error)
        for listener in listeners:
            listener.on_error(error)
        raise
    if out is not None:
        unsaved = _saved(solution, out, anew=before is None)
        solution = dataclasses.replace(solution, unsaved=unsaved)
    for listener in listeners:
        listener.on_end(solution)
    hook.after_run(solution=solution)
    if throw and not solution.status.success:
        raise RunFailedError(str(solution.status), solution)
    return solution


def _saved(solution: Solution, out: str | os.PathLike, *, anew: bool) -> str | None:
    """Save, and why it failed, if it did, which never costs the run.

    Arguments:
        solution: what is saved.
        out: where.
        anew: whether the run began anew, so that figures there are of another one.
    """
    try:
        solution.save(out)
        if anew:
            forget_figures(pathlib.Path(out))
    except Exception as error:
        cause = (error.strerror if isinstance(error, OSError) else None) or error
        message = f"The run could not be saved in {os.fspath(out)}: {cause}."
        warnings.warn(UnsavedWarning(message), stacklevel=4)
        return message
    return None


def _course(task: Task, before: Solution | None) -> Course:
    """The course before the first step, or as `before` left it."""
    if before is None:
        warm = compile_ahead(task, 1)
        here = begin(task)
        course = Course(here.state, 0, np.zeros(1, int), here.cursor)
    else:
        # The loop takes the state's buffers for itself; those of `before` belong to its owner.
        here = again_at(task, before.state, jnp.asarray(before.steps, "int32"))
        warm = compile_ahead(task, 1, here)
        course = Course(here.state, before.steps, np.full(1, before.steps), here.cursor)
    if not warm:
        warm_up(task, course)
    return course


@dataclasses.dataclass
class _Between:
    """What happens between chunks, and the solution made of a course."""

    problem: AbstractProblem
    solver: AbstractSolver
    before: Solution | None
    task: Task
    plan: Plan
    listeners: list[AbstractObserver]
    out: str | os.PathLike | None
    provenance: dict[str, Any]
    stopped_by: str | None = None
    saved_at: float = dataclasses.field(default_factory=time.monotonic)

    def after_chunk(self, course: Course) -> bool:
        """Evaluate, tell the observers, save now and then; True where an observer ends the run."""
        evaluation = evaluate_if_due(self.task, course, self.plan)
        progress = Progress(
            step=int(course.taken[0]),
            steps=self.plan.steps,
            metrics={name: values[0] for name, values in course.pieces[-1].items()},
            evaluation={name: np.asarray(value[0]) for name, value in evaluation.items()},
            seconds=course.run_seconds,
            unknowns=lambda: copy(unknowns_of(self.task, course.state)),
        )
        for listener in self.listeners:
            if listener.on_progress(progress):
                self.stopped_by = type(listener).__name__
        if self.out is not None and time.monotonic() - self.saved_at > CHECKPOINT_SECONDS:
            status = status_of(course, 0, stopped_by=None, steps=self.plan.steps)
            _saved(self.solution(course, status), self.out, anew=self.before is None)
            self.saved_at = time.monotonic()
        return self.stopped_by is not None

    def solution(self, course: Course, status: Status) -> Solution:
        """The solution as the course stands."""
        unknowns, metrics = finished(self.task, course)
        series = self._series(course)
        return Solution(
            unknowns=unknowns,
            status=remarked(status, self.problem, self.solver, series, course.failures.get(0)),
            metrics=plain_metrics(metrics | summary_of(self.problem, series)),
            steps=int(course.taken[0]),
            compile_seconds=course.compile_seconds,
            run_seconds=course.run_seconds,
            provenance=self.provenance,
            series=series,
            evaluation_series=self._evaluation_series(course),
            state=course.state,
            problem=self.problem,
            solver=self.solver,
        )

    def _series(self, course: Course) -> dict[str, np.ndarray]:
        """The metrics of all steps, those before a resumption included."""
        rows = course.failures[0].step if course.failures else int(course.taken[0])
        rows -= self.before.steps if self.before else 0
        series = {name: values[0, :rows] for name, values in course.series().items()}
        if self.before is None:
            return series
        # A run that failed has one row more than good steps, and that step is run again.
        done = {name: values[: self.before.steps] for name, values in self.before.series.items()}
        return _continued(done, series)

    def _evaluation_series(self, course: Course) -> dict[str, np.ndarray]:
        """All evaluations, those before a resumption included."""
        rows = evaluations_of(course)
        series = {name: rows[name] if name == "step" else rows[name][0] for name in rows}
        return _continued(self.before.evaluation_series if self.before else {}, series)


def _continued(
    before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Two series by name, one after the other; either may lack names, or all of them."""
    both = {
        name: np.concatenate([before[name], values]) if name in before else values
        for name, values in after.items()
    }
    return {**before, **both}
