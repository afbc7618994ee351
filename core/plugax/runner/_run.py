"""One run from its first call to its solution: place, compile, run, report, save."""

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
from ..errors import RunFailedError, UnsavedWarning
from ..observers import AbstractObserver, Progress
from ..problems import AbstractProblem
from ..solution import Solution, Status, forget_figures
from ..solvers import AbstractSolver
from ._breach import explain_breach
from ._chunks import RunState, run_chunks, warm_up
from ._compile import compile_ahead
from ._device import find_device
from ._evaluate import evaluate, evaluate_if_due, evaluations_of
from ._interrupt import deferred_interrupt
from ._length import Plan
from ._outcome import add_remarks, plain_metrics, status_of, summary_of
from ._place import check_call, place
from ._program import Task, again_at, begin, copy, unknowns_of
from ._provenance import provenance_of

# A run with `out` saves its state at least this often; the clock is read between chunks.
CHECKPOINT_SECONDS = 30.0


def run(
    problem: AbstractProblem,
    solver: AbstractSolver,
    before: Solution | None,
    *,
    seed: int,
    plan: Plan,
    prepared_for: int | None = None,
    chunk: int | None,
    device: str | None,
    observers: Iterable[AbstractObserver | str],
    out: str | os.PathLike | None,
    throw: bool,
) -> Solution:
    """Run up to the plan's last step, from the beginning or from the end of `before`.

    The solver is prepared for that number of steps, or for `prepared_for`.
    """
    check_call(problem, seed=seed, chunk=chunk)
    steps = plan.steps
    prepared_for = prepared_for or steps
    listeners = [plugins.observer(observer) for observer in observers]
    hook = plugins.default_manager().hook
    chosen = find_device(device)
    origin = provenance_of(
        problem, solver, chosen, seed=seed, **plan.asked, prepared_for=prepared_for, chunk=chunk
    )
    try:
        for listener in listeners:
            listener.on_start(steps)
        hook.before_compile(problem=problem, solver=solver)
        with (
            jax.default_device(chosen),
            explain_breach(problem, solver),
            deferred_interrupt() as interrupt,
        ):
            prepared = solver.prepare(problem, prepared_for)
            task = Task(problem, solver, prepared, jr.key(seed))
            task = task if device is None else place(task, chosen)
            began = time.perf_counter()
            run_state = _initial_run_state(task, before)
            run_state.compile_seconds = time.perf_counter() - began
            hook.after_compile(problem=problem, solver=solver, seconds=run_state.compile_seconds)
            hook.before_run(problem=problem, solver=solver, steps=steps)
            between = _Between(problem, solver, before, task, plan, listeners, out, origin)
            run_chunks(
                task,
                run_state,
                plan=plan,
                chunk=chunk,
                interrupt=interrupt,
                after_chunk=between.after_chunk,
            )
            status = status_of(run_state, 0, stopped_by=between.stopped_by, steps=steps)
            solution = between.solution(run_state, status)
    except BaseException as error:
        hook.on_run_error(problem=problem, solver=solver, error=error)
        for listener in listeners:
            listener.on_error(error)
        raise
    if out is not None:
        unsaved = _save(solution, out, anew=before is None)
        solution = dataclasses.replace(solution, unsaved=unsaved)
    for listener in listeners:
        listener.on_end(solution)
    hook.after_run(solution=solution)
    if throw and not solution.status.success:
        raise RunFailedError(str(solution.status), solution)
    return solution


def _save(solution: Solution, out: str | os.PathLike, *, anew: bool) -> str | None:
    """Save the solution, and return why that failed, if it did; the run itself is not lost.

    Arguments:
        solution: what is saved.
        out: the directory to save in.
        anew: whether the run began anew, so that figures already there belong to another run.
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


def _initial_run_state(task: Task, before: Solution | None) -> RunState:
    """The run state before the first step, or at the end of `before`."""
    if before is None:
        warm = compile_ahead(task, 1)
        position = begin(task)
        run_state = RunState(position.state, 0, np.zeros(1, int), position.cursor)
    else:
        # The loop donates the state's buffers; those of `before` belong to the caller.
        position = again_at(task, before.state, jnp.asarray(before.steps, "int32"))
        warm = compile_ahead(task, 1, position)
        run_state = RunState(
            position.state, before.steps, np.full(1, before.steps), position.cursor
        )
    if not warm:
        warm_up(task, run_state)
    return run_state


@dataclasses.dataclass
class _Between:
    """What happens between chunks, and the solution that a run state amounts to."""

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

    def after_chunk(self, run_state: RunState) -> bool:
        """Evaluate, tell the observers, save now and then; True if an observer ends the run."""
        evaluation = evaluate_if_due(self.task, run_state, self.plan)
        progress = Progress(
            step=int(run_state.taken[0]),
            steps=self.plan.steps,
            metrics={name: values[0] for name, values in run_state.pieces[-1].items()},
            evaluation={name: np.asarray(value[0]) for name, value in evaluation.items()},
            seconds=run_state.run_seconds,
            unknowns=lambda: copy(unknowns_of(self.task, run_state.state)),
        )
        for listener in self.listeners:
            if listener.on_progress(progress):
                self.stopped_by = type(listener).__name__
        if self.out is not None and time.monotonic() - self.saved_at > CHECKPOINT_SECONDS:
            status = status_of(run_state, 0, stopped_by=None, steps=self.plan.steps)
            _save(self.solution(run_state, status), self.out, anew=self.before is None)
            self.saved_at = time.monotonic()
        return self.stopped_by is not None

    def solution(self, run_state: RunState, status: Status) -> Solution:
        """The solution for a run state."""
        unknowns, metrics = evaluate(self.task, run_state)
        series = self._series(run_state)
        return Solution(
            unknowns=unknowns,
            status=add_remarks(
                status, self.problem, self.solver, series, run_state.failures.get(0)
            ),
            metrics=plain_metrics(metrics | summary_of(self.problem, series)),
            steps=int(run_state.taken[0]),
            compile_seconds=run_state.compile_seconds,
            run_seconds=run_state.run_seconds,
            provenance=self.provenance,
            series=series,
            evaluation_series=self._evaluation_series(run_state),
            state=run_state.state,
            problem=self.problem,
            solver=self.solver,
        )

    def _series(self, run_state: RunState) -> dict[str, np.ndarray]:
        """The metrics of all steps, those before a resumption included."""
        rows = run_state.failures[0].step if run_state.failures else int(run_state.taken[0])
        rows -= self.before.steps if self.before else 0
        series = {name: values[0, :rows] for name, values in run_state.series().items()}
        if self.before is None:
            return series
        # The series of a failed run has one row more than good steps; that step is run again.
        done = {name: values[: self.before.steps] for name, values in self.before.series.items()}
        return _concatenate(done, series)

    def _evaluation_series(self, run_state: RunState) -> dict[str, np.ndarray]:
        """All evaluations, those before a resumption included."""
        rows = evaluations_of(run_state)
        series = {name: rows[name] if name == "step" else rows[name][0] for name in rows}
        return _concatenate(self.before.evaluation_series if self.before else {}, series)


def _concatenate(
    before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Two series by name, one after the other; either may lack some names, or all."""
    both = {
        name: np.concatenate([before[name], values]) if name in before else values
        for name, values in after.items()
    }
    return {**before, **both}
