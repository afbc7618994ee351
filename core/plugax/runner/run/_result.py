"""From the state of a run to its result, and back."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ...problems import AbstractProblem
from ...solution import Population, Solution, Status, cut
from ...solvers import AbstractSolver
from ..devices._processes import here
from ..loop._best import KeepBest, at_best
from ..loop._chunks import Best, RunState
from ..loop._evaluate import evaluate
from ..loop._outcome import (
    add_remarks,
    joint_summary_of,
    plain_metrics,
    says_nothing,
    status_of,
    summary_of,
)
from ..loop._program import Task
from ..loop._rollback import Rollbacks
from ..loop._skip import SKIPPED, bare, counted_again, counts_of
from ._job import Job
from ._journal import History
from ._provenance import spec_of, variations_of


def result_of(
    job: Job,
    task: Task,
    run_state: RunState,
    *,
    history: History,
    provenance: dict[str, Any],
    stopped_by: str | None = None,
    is_best: bool = False,
    rollbacks: Rollbacks | None = None,
) -> Solution | Population:
    """What a run has come to: a solution, or a population if something is swept.

    Arguments:
        job: what is run.
        task: its task.
        run_state: how far it has come.
        history: its history.
        provenance: everything needed to repeat the run.
        stopped_by: the observer that ended the run, if one did.
        is_best: whether this is the best of a run, which went on afterwards.
        rollbacks: how often a run has gone back that may; None for others.
    """
    if job.lineage is not None and is_best:
        lineage = job.lineage.until(run_state.taken)
        job, task = dataclasses.replace(job, lineage=lineage), job.task(lineage.values)
    unknowns, metrics = evaluate(task, run_state)
    gone = run_state.whole  # the run has since gone back to before its best
    series = history.series(run_state) if gone is None else dict(gone[0])
    if is_best:
        series = cut(series, job.record.rows(run_state.taken))
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
    counts = counts_of(run_state.state)
    if counts:
        statuses = [
            _with_remark(status, skipped, int(steps))
            for status, skipped, steps in zip(
                statuses, counts["skipped"].ravel().tolist(), run_state.taken, strict=True
            )
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
        share: Any = {"history": history, "provenance": provenance, "rollbacks": rollbacks}
        best = result_of(job, task, then, **share, is_best=True)
    evaluations = history.evaluations(run_state) if gone is None else dict(gone[1])
    if is_best and evaluations:
        made = evaluations["step"] <= run_state.step
        evaluations = {n: x[made] if n == "step" else x[:, made] for n, x in evaluations.items()}
    if job.swept is None:
        own = own_of(0)
        points: Mapping[int, PyTree] = {}
        if rollbacks is not None:
            counts = rollbacks.arrays(run_state.rollbacks)
            if not is_best:
                points = rollbacks.points
                remarks = (*statuses[0].remarks, *rollbacks.remark())
                statuses = [dataclasses.replace(statuses[0], remarks=remarks)]
        return Solution(
            unknowns=unknowns,
            status=statuses[0],
            metrics=plain_metrics(metrics | summary_of(job.problem, job.solver, own)),
            steps=int(run_state.taken[0]),
            series=own,
            evaluation_series={n: x if n == "step" else x[0] for n, x in evaluations.items()},
            best=cast(Solution | None, best),
            state=bare(here(run_state.state)),
            recoveries=counts,
            points=points,
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
        state=in_shape(bare(here(run_state.state)), job),
        recoveries=in_shape(counts, job),
        swept=job.swept,
        parts=parts,
        bests=cast(Population | None, best),
        lineage=job.lineage,
        **told,
    )


def keep_whole(job: Job, history: History, run_state: RunState, point: int) -> None:
    """Keep history and evaluations of the best of a single run, which goes back to before it."""
    best = run_state.best
    if best is None or best.whole is not None or int(best.steps[0]) <= point:
        return
    series = cut(history.series(run_state), job.record.rows(best.steps))
    evaluations = history.evaluations(run_state)
    made = evaluations["step"] <= int(best.steps[0])
    until = {n: x[made] if n == "step" else x[:, made] for n, x in evaluations.items()}
    run_state.best = dataclasses.replace(best, whole=(series, until))


def run_state_of(before: Solution | Population, keep: KeepBest | None) -> RunState:
    """The run state at the end of a result, members along the leading axis.

    Arguments:
        before: the result.
        keep: what makes a state the best; None if none is kept.
    """
    if isinstance(before, Solution):
        run_state = RunState(_state_of(before, 0), before.steps, np.full(1, before.steps))
        run_state.place = before.place
        if keep is not None and before.best is not None:
            run_state.best = _best_of(before.best, np.full(1, before.best.steps), keep, 0)
        return run_state
    statuses = cast(list[Status], list(before.status.ravel()))
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
        _state_of(before, axes),
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
    best = Best(steps, values, _state_of(found, axes), place=found.place)
    if isinstance(found, Solution) and "failed" in found.recoveries:
        made = {n: x if n == "step" else x[None] for n, x in found.evaluation_series.items()}
        whole = ({n: x[None] for n, x in found.series.items()}, made)
        return dataclasses.replace(best, whole=whole, rollbacks=len(found.recoveries["failed"]))
    return best


def _state_of(found: Solution | Population, axes: int) -> PyTree:
    """The state with which a run goes on, one leading axis of members in place of some axes."""
    state = _flat_state(found.state, int(np.size(found.steps)), axes) if axes else found.state
    if "in_a_row" not in found.recoveries:
        return state
    # A run that was ended by steps in a row, and that a user resumes, may try as many again.
    counts = found.recoveries
    if isinstance(found, Solution):
        return counted_again(state, counts, anew=found.status.name == "non-finite")
    return counted_again(state, {n: np.ravel(x) for n, x in counts.items()}, anew=False)


def _flat_state(state: PyTree, size: int, axes: int) -> PyTree:
    """The state with one leading axis of members, in place of the axes of a sweep."""
    return jax.tree.map(
        lambda leaf: leaf.reshape((size, *leaf.shape[axes:])) if eqx.is_array(leaf) else leaf, state
    )


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


def _with_remark(status: Status, skipped: int, steps: int) -> Status:
    """The status with a remark on the steps that were skipped, if any were."""
    if not skipped:
        return status
    were = "1 step was" if skipped == 1 else f"{skipped} steps were"
    told = (
        f"{were} skipped, of {steps}, since what they came to was not finite; the metric "
        f"{SKIPPED!r} of the history is 1 there."
    )
    return dataclasses.replace(status, remarks=(*status.remarks, told))


def _plain(value: Any) -> Any:
    return np.asarray(value) if eqx.is_array(value) else value


def _is_key(leaf: Any) -> bool:
    return eqx.is_array(leaf) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
