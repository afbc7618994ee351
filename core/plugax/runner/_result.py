"""From the state of a run to its result, and back."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..problems import AbstractProblem
from ..solution import Population, Solution, Status
from ..solvers import AbstractSolver
from ._best import KeepBest, at_best
from ._chunks import Best, RunState
from ._evaluate import evaluate, evaluations_of
from ._job import Job
from ._outcome import (
    add_remarks,
    joint_summary_of,
    plain_metrics,
    says_nothing,
    status_of,
    summary_of,
)
from ._processes import here
from ._program import Task
from ._provenance import spec_of, variations_of
from ._record import Record

Before = Solution | Population | None


def result_of(
    job: Job,
    task: Task,
    run_state: RunState,
    *,
    before: Before,
    provenance: dict[str, Any],
    stopped_by: str | None = None,
    is_best: bool = False,
) -> Solution | Population:
    """What a run has come to: a solution, or a population if something is swept.

    Arguments:
        job: what is run.
        task: its task.
        run_state: how far it has come.
        before: the result from which the run was resumed; None for a run from its beginning.
        provenance: everything needed to repeat the run.
        stopped_by: the observer that ended the run, if one did.
        is_best: whether this is the best of a run, which went on afterwards.
    """
    if job.lineage is not None and is_best:
        lineage = job.lineage.until(run_state.taken)
        job, task = dataclasses.replace(job, lineage=lineage), job.task(lineage.values)
    unknowns, metrics = evaluate(task, run_state)
    series = _join(_series_of(before, job.record), run_state.series(), axis=1)
    if is_best:
        series = _cut(series, job.record.rows(run_state.taken))
    own_of = _own_series(run_state, series, job)
    parts = parts_of(job, task, provenance)
    statuses = [
        status_of(run_state, member, stopped_by=stopped_by, steps=steps)
        for member, steps in enumerate(
            run_state.taken.tolist() if is_best else [job.plan.steps] * job.members
        )
    ]
    quiet = says_nothing(job.problem, AbstractProblem, "remarks")
    if not (quiet and says_nothing(job.solver, AbstractSolver, "remarks")):
        statuses = [
            add_remarks(status, *parts(member)[:2], own_of(member), run_state.failures.get(member))
            for member, status in enumerate(statuses)
        ]
    told = {
        "compile_seconds": run_state.compile_seconds,
        "run_seconds": run_state.run_seconds,
        "wait_seconds": run_state.wait_seconds,
        "place": run_state.place,
        "provenance": provenance,
        "problem": job.problem,
        "solver": job.solver,
    }
    best = None
    if run_state.best is not None:
        then = at_best(run_state, run_state.best)
        best = result_of(job, task, then, before=before, provenance=provenance, is_best=True)
    evaluations = all_evaluations(before, run_state)
    if is_best and evaluations:
        made = evaluations["step"] <= run_state.step
        evaluations = {n: x[made] if n == "step" else x[:, made] for n, x in evaluations.items()}
    if job.swept is None:
        own = own_of(0)
        return Solution(
            unknowns=unknowns,
            status=statuses[0],
            metrics=plain_metrics(metrics | summary_of(job.problem, job.solver, own)),
            steps=int(run_state.taken[0]),
            series=own,
            evaluation_series={n: x if n == "step" else x[0] for n, x in evaluations.items()},
            state=here(run_state.state),
            best=cast(Solution | None, best),
            **told,
        )
    metrics = {name: _plain(value) for name, value in metrics.items()}
    quiet = says_nothing(job.problem, AbstractProblem, "summary")
    if not (quiet and says_nothing(job.solver, AbstractSolver, "summary")):
        metrics |= _summaries(job, parts, own_of)
    # Runs that differ in more are no repetitions of each other.
    repeated = job.swept.keys() <= {"seed", "start"}
    joint = joint_summary_of(job.problem, job.solver, series) if repeated else {}
    status = np.empty(job.members, object)
    status[:] = statuses
    return Population(
        unknowns=in_shape(unknowns, job),
        status=status.reshape(job.shape),
        metrics=in_shape(metrics, job),
        joint_metrics=plain_metrics(joint),
        steps=run_state.taken.reshape(job.shape),
        series=in_shape(series, job),
        evaluation_series={
            n: x if n == "step" else in_shape(x, job) for n, x in evaluations.items()
        },
        state=in_shape(here(run_state.state), job),
        swept=job.swept,
        parts=parts,
        bests=cast(Population | None, best),
        lineage=job.lineage,
        **told,
    )


def run_state_of(before: Solution | Population, keep: KeepBest | None) -> RunState:
    """The run state at the end of a result, members along the leading axis.

    Arguments:
        before: the result.
        keep: what makes a state the best; None if none is kept.
    """
    if isinstance(before, Solution):
        run_state = RunState(before.state, before.steps, np.full(1, before.steps))
        run_state.place = before.place
        if keep is not None and before.best is not None:
            run_state.best = _best_of(before.best, np.full(1, before.best.steps), keep, 0)
        return run_state
    statuses = cast(list[Status], list(before.status.ravel()))
    size = len(statuses)
    ended = {
        name: np.array([status.name == name for status in statuses])
        for name in ("converged", "stalled", "non-finite", "pruned")
    }
    running = ~np.any(list(ended.values()), axis=0)
    gone = ended["non-finite"] | ended["pruned"]
    taken = before.steps.ravel()
    axes = before.status.ndim

    best = None
    if keep is not None and before.bests is not None:
        best = _best_of(before.bests, before.bests.steps.ravel(), keep, axes)
    return RunState(
        _flat_state(before.state, size, axes),
        int(taken[running].max(initial=0)),
        taken.copy(),
        # A solver without such a test gives None, not an array of false values.
        converged=ended["converged"] if ended["converged"].any() else None,
        stalled=ended["stalled"] if ended["stalled"].any() else None,
        lost={m: statuses[m] for m in np.flatnonzero(gone).tolist()},
        best=best,
        place=before.place,
    )


def _best_of(
    found: Solution | Population, steps: np.ndarray, keep: KeepBest, axes: int
) -> Best | None:
    """The best state, as a run goes on with it; members along the leading axis."""
    values = np.where(steps > 0, np.ravel(found.metrics[keep.metric]), np.nan)
    state = _flat_state(found.state, steps.size, axes) if axes else found.state
    return Best(steps, values, state, place=found.place)


def _flat_state(state: PyTree, size: int, axes: int) -> PyTree:
    """The state with one leading axis of members, in place of the axes of a sweep."""
    return jax.tree.map(
        lambda leaf: leaf.reshape((size, *leaf.shape[axes:])) if eqx.is_array(leaf) else leaf, state
    )


def _cut(series: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """The series up to so many rows of every member, and NaN (or 0) after them."""
    gone = np.arange(rows.max())[None] >= rows[:, None]
    kept = {name: values[:, : rows.max()].copy() for name, values in series.items()}
    for values in kept.values():
        values[gone] = np.nan if np.issubdtype(values.dtype, np.inexact) else 0
    return kept


def in_shape(tree: PyTree, job: Job) -> PyTree:
    """The pytree with its arrays unravelled; as it is for a single run, which has no such axis."""
    if job.swept is None:
        return tree
    return jax.tree.map(lambda leaf: unravel(leaf, job) if eqx.is_array(leaf) else leaf, tree)


def unravel(array: Any, job: Job) -> Any:
    """An array with the axes of the sweep, if any, in place of the members' leading axis."""
    return array.reshape((*job.shape, *array.shape[1:]))


def parts_of(
    job: Job, task: Task, provenance: dict[str, Any]
) -> Callable[[int], tuple[AbstractProblem, AbstractSolver, dict[str, Any]]]:
    """The function that gives the problem, the solver and the provenance of a member.

    Arrays that differ between members are sliced on the host: slicing them one by one on the device
    took longer than a thousand small fits.
    """
    if task.axes is None:
        return lambda member: (job.problem, job.solver, provenance)  # noqa: ARG005 - the only one
    problem_of = _member_of(job.problem, task.problem, task.axes[0])
    solver_of = _member_of(job.solver, task.solver, task.axes[1])

    def parts(member: int) -> tuple[AbstractProblem, AbstractSolver, dict[str, Any]]:
        problem, solver, run = problem_of(member), solver_of(member), dict(provenance["run"])
        if "seed" in run.pop("over", ()):
            place = np.unravel_index(member, job.shape)[list(job.swept or ()).index("seed")]
            run["seed"] = int((job.swept or {})["seed"][place])
        spec = spec_of(problem, "problem")
        own = {
            "problem": spec,
            "variations": variations_of(problem, spec),
            "solver": spec_of(solver, "solver"),
            "run": run,
        }
        return problem, solver, provenance | own

    return parts


def _member_of(original: Any, stacked: Any, axes: Any) -> Callable[[int], Any]:
    leaves, structure = jax.tree.flatten(stacked)
    swept = structure.flatten_up_to(axes)
    if all(axis is None for axis in swept):
        return lambda member: original  # noqa: ARG005 - the same for all
    on_host = [
        leaf if axis is None else here(leaf) if _is_key(leaf) else np.asarray(here(leaf))
        for leaf, axis in zip(leaves, swept, strict=True)
    ]

    def member_of(member: int) -> Any:
        own = [
            leaf if axis is None else jnp.asarray(leaf[member])
            for leaf, axis in zip(on_host, swept, strict=True)
        ]
        return jax.tree.unflatten(structure, own)

    return member_of


def _own_series(
    run_state: RunState, series: Mapping[str, np.ndarray], job: Job
) -> Callable[[int], dict[str, np.ndarray]]:
    """The function that gives the metrics of a member's steps; a step that failed is left out."""
    record, lineage = job.record, job.lineage

    def own(member: int) -> dict[str, np.ndarray]:
        failure = run_state.failures.get(member)
        rows = record.rows(int(run_state.taken[member]) if failure is None else failure.step)
        if lineage is None:
            return {name: values[member, :rows] for name, values in series.items()}
        every = record.every
        return {n: lineage.history(x[:, :rows], member, every=every) for n, x in series.items()}

    return own


def _summaries(
    job: Job,
    parts: Callable[[int], tuple[AbstractProblem, AbstractSolver, dict[str, Any]]],
    own_of: Callable[[int], dict[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """The summary of every member's run, by its own problem and solver."""
    rows = [summary_of(*parts(member)[:2], own_of(member)) for member in range(job.members)]
    common = [name for name in rows[0] if all(name in row for row in rows)]
    return {name: np.stack([np.asarray(row[name]) for row in rows]) for name in common}


def _series_of(before: Before, record: Record) -> dict[str, np.ndarray]:
    """The metrics of the steps before a run was resumed, members along the leading axis."""
    if before is None:
        return {}
    if isinstance(before, Solution):
        # The series of a failed run has one row more than good steps; that step is run again.
        rows = record.rows(before.steps)
        return {name: values[None, :rows] for name, values in before.series.items()}
    return _flat(before, before.series)


def all_evaluations(before: Before, run_state: RunState) -> dict[str, np.ndarray]:
    """The evaluations before a run was resumed and since, `(members, evaluations, …)`."""
    return _join(_evaluations_of(before), evaluations_of(run_state), axis=1)


def _evaluations_of(before: Before) -> dict[str, np.ndarray]:
    if before is None:
        return {}
    series = dict(before.evaluation_series)
    steps = {"step": series.pop("step")} if series else {}
    if isinstance(before, Solution):
        return {name: values[None] for name, values in series.items()} | steps
    return _flat(before, series) | steps


def _flat(before: Population, series: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    axes, size = before.status.ndim, before.status.size
    return {name: values.reshape((size, *values.shape[axes:])) for name, values in series.items()}


def _join(
    before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray], *, axis: int
) -> dict[str, np.ndarray]:
    """Two series by name, one after the other; either may lack some names, or all."""
    both = {
        name: np.concatenate([before[name], values], axis=min(axis, values.ndim - 1))
        if name in before
        else values
        for name, values in after.items()
    }
    return {**before, **both}


def _plain(value: Any) -> Any:
    return np.asarray(value) if eqx.is_array(value) else value


def _is_key(leaf: Any) -> bool:
    return eqx.is_array(leaf) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
