"""The host's side of a run: calls the compiled loop chunk by chunk until there is no more to do.

Every run is driven as one of members: a single run has one. Between chunks the metrics come to the
host, failures are found, observers are told. A metric that is not finite at step j means that the
unknowns after j steps are bad; the last good ones, after j − 1 steps, are found again by running
the chunk once more from its beginning, so that nothing has to be kept inside the loop. Since step j
may be the first of its chunk, the beginning of the chunk before is kept too.
"""

import dataclasses
import time
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..problems import Metrics
from ._interrupt import Interrupt
from ._length import Plan
from ._program import Here, Task, advance, copy

FEW_STEPS = 16
SMALL_DATA = 100_000
TARGET_SECONDS = 1.0
GROWTH = 64


@dataclasses.dataclass(frozen=True)
class Failure:
    """Where and how a member's metrics stopped being finite.

    Attributes:
        step: the step they belong to.
        metric: the first of them.
        value: its value.
        row: all metrics of the step, with a leading axis of one.
    """

    step: int
    metric: str
    value: float
    row: dict[str, np.ndarray]


@dataclasses.dataclass
class Course:
    """How a run went, or goes; arrays are led by the members.

    Attributes:
        state: the solver's state now.
        cursor: the data's cursor; None where every chunk begins with one of its own.
        step: the steps every member still running has done.
        taken: the steps of every member, those before a resumption included.
        converged: which members have converged; None where the solver has no such test.
        stalled: which members cannot go on; None where the solver never says so.
        failures: the members that failed.
        pieces: the metrics of all chunks so far, `(members, steps of the chunk, …)`.
        evaluations: figures of merit on the way, `(members, …)`, each with its step.
        finished: the last state that was evaluated, its unknowns and their figures of merit.
        compile_seconds: time until the loop was compiled.
        run_seconds: time in it since.
    """

    state: PyTree
    step: int
    taken: np.ndarray
    cursor: PyTree | None = None
    converged: np.ndarray | None = None
    stalled: np.ndarray | None = None
    failures: dict[int, Failure] = dataclasses.field(default_factory=dict)
    pieces: list[dict[str, np.ndarray]] = dataclasses.field(default_factory=list)
    evaluations: list[tuple[int, dict[str, np.ndarray]]] = dataclasses.field(default_factory=list)
    finished: tuple[PyTree, PyTree, Metrics] | None = None
    compile_seconds: float = 0.0
    run_seconds: float = 0.0

    def active(self) -> np.ndarray:
        """Which members may go on."""
        active = np.ones(self.taken.shape, bool)
        for ended in (self.converged, self.stalled):
            active &= True if ended is None else ~ended
        active[list(self.failures)] = False
        return active

    def series(self) -> dict[str, np.ndarray]:
        """The metrics of all steps so far, `(members, steps, …)`; one chunk's if there was one."""
        if not self.pieces:
            return {}
        return {
            name: np.concatenate([piece[name] for piece in self.pieces], axis=1)
            for name in self.pieces[0]
        }


def warm_up(task: Task, course: Course) -> None:
    """Run a chunk of no steps, so that all that comes before the first step is over."""
    _, here, _ = _advance(task, course, 0)
    course.state, course.cursor = here.state, here.cursor
    jax.block_until_ready(course.state)


def drive(
    task: Task,
    course: Course,
    *,
    plan: Plan,
    chunk: int | None,
    interrupt: Interrupt,
    after_chunk: Callable[[Course], bool],
) -> None:
    """Run until the last step, convergence, failure, an interrupt, or until `after_chunk` says so.

    Arguments:
        task: what stays the same.
        course: how the run stands; changed in place.
        plan: the step to stop at, and the steps at which a chunk must end.
        chunk: steps in a chunk, or None for as many as take about a second; no more than fit.
        interrupt: whether the user has asked for the end.
        after_chunk: called with the course after every chunk; True ends the run.
    """
    size = first_size(task) if chunk is None else chunk
    earlier = course  # the course at the beginning of the chunk before
    while course.step < plan.steps and course.active().any() and not interrupt.requested:
        began = time.perf_counter()
        count = min(size, plan.until_stop(course.step))
        then, here, left = _advance(task, course, count)
        course.state, course.cursor = here.state, here.cursor
        before = dataclasses.replace(
            course, state=then.state, cursor=then.cursor, taken=course.taken.copy()
        )
        taken = np.broadcast_to(np.asarray(left.taken), course.taken.shape).copy()
        metrics = {
            name: _filled(_by_member(value, task), int(taken.max()))
            for name, value in left.metrics.items()
        }
        course.taken += taken
        if left.converged is not None:
            course.converged = np.atleast_1d(np.asarray(left.converged))
        if left.stalled is not None:
            course.stalled = np.atleast_1d(np.asarray(left.stalled))
        found = _failures(metrics, taken, before)
        if found:
            _retreat(task, course, before, earlier, found)
        course.pieces.append(_blanked(metrics, taken, before, course))
        course.step += int(taken.max())
        earlier = before
        elapsed = time.perf_counter() - began
        course.run_seconds += elapsed
        if chunk is None:
            size = next_size(max(int(taken.max()), 1), elapsed)
        if after_chunk(course):
            break


def first_size(task: PyTree) -> int:
    """The steps of the first chunk, before their speed is known: a few where data are small."""
    arrays = jax.tree.leaves(eqx.filter(task, eqx.is_array))
    return FEW_STEPS if sum(array.size for array in arrays) < SMALL_DATA else 1


def next_size(count: int, seconds: float) -> int:
    """The steps of the next chunk, after `count` steps took `seconds`: about a second's worth."""
    return int(np.clip(count * TARGET_SECONDS / max(seconds, 1e-9), 1, count * GROWTH))


def _advance(task: Task, course: Course, count: int):
    """`advance` by `count` steps for the members that may go on."""
    first = jnp.asarray(course.step, "int32")
    limit = np.asarray(count, "int32")
    if course.failures:
        limit = np.where(course.active(), limit, 0).astype("int32")
        limit = limit[0] if task.axes is None else limit
    members = course.taken.size
    return advance((task, first, jnp.asarray(limit), members), Here(course.state, course.cursor))


def _by_member(value: jax.Array, task: Task) -> np.ndarray:
    array = np.asarray(value)
    return array[None] if task.axes is None else array


def _filled(buffer: np.ndarray, steps: int) -> np.ndarray:
    """The part of a buffer that was written; copied if keeping all of it would be a waste."""
    part = buffer[:, :steps]
    return part if 2 * steps > buffer.shape[1] else part.copy()


def _failures(
    metrics: dict[str, np.ndarray], taken: np.ndarray, before: Course
) -> dict[int, Failure]:
    """Every member's first step with a metric that is not finite."""
    found: dict[int, Failure] = {}
    for name in sorted(metrics, key=lambda name: name != "loss"):
        values = metrics[name]
        if not np.issubdtype(values.dtype, np.inexact) or np.isfinite(values).all():
            continue
        bad = ~np.isfinite(values).all(axis=tuple(range(2, values.ndim)))
        bad &= np.arange(values.shape[1]) < taken[:, None]
        for member in np.flatnonzero(bad.any(axis=1)):
            offset = int(bad[member].argmax())
            step = before.step + offset
            if int(member) not in found or step < found[int(member)].step:
                culprit = values[member, offset].ravel()
                value = float(np.real(culprit[~np.isfinite(culprit)][0]))
                here = slice(offset, offset + 1)
                row = {name: values[member, here] for name, values in metrics.items()}
                found[int(member)] = Failure(step, name, value, row)
    return found


def _retreat(
    task: Task,
    course: Course,
    before: Course,
    earlier: Course,
    found: dict[int, Failure],
) -> None:
    """Put the members that failed back to their last good state, by running up to it again."""
    # There is no chunk before the first one, of a run or of what was resumed.
    first_chunk = earlier.step == before.step
    for origin in (before, earlier):
        # Those that failed at the very first step of the chunk go back into the chunk before.
        share = {
            member: failure
            for member, failure in found.items()
            if (failure.step > before.step or first_chunk) == (origin is before)
        }
        if not share:
            continue
        limit = np.zeros(course.taken.shape, "int32")
        for member, failure in share.items():
            limit[member] = max(failure.step - 1 - origin.step, 0)
        first = jnp.asarray(origin.step, "int32")
        limits = jnp.asarray(limit[0] if task.axes is None else limit)
        there = copy(Here(origin.state, origin.cursor))
        _, again, _ = advance((task, first, limits, limit.size), there)
        chosen = np.isin(np.arange(limit.size), list(share))
        course.state = _choose(chosen, again.state, course.state, task)
    for member, failure in found.items():
        course.taken[member] = max(failure.step - 1, earlier.step)
    course.failures = course.failures | found


def _choose(chosen: np.ndarray, yes: PyTree, no: PyTree, task: Task) -> PyTree:
    """Leaf by leaf, the chosen members of `yes` and the others of `no`."""
    if task.axes is None:
        return yes

    def choose(a: PyTree, b: PyTree) -> PyTree:
        if not isinstance(a, jax.Array):
            return a
        return jnp.where(chosen.reshape(-1, *(1,) * (a.ndim - 1)), a, b)

    return jax.tree.map(choose, yes, no)


def _blanked(
    metrics: dict[str, np.ndarray], taken: np.ndarray, before: Course, course: Course
) -> dict[str, np.ndarray]:
    """The metrics of a chunk with NaN (or 0) where a member took no step, or a failed one."""
    if not course.failures and taken.min() == taken.max():
        return metrics
    last = before.step + taken
    for member, failure in course.failures.items():
        last[member] = min(last[member], failure.step)
    steps = before.step + np.arange(max((v.shape[1] for v in metrics.values()), default=0))
    gone = steps >= last[:, None]
    if not gone.any():
        return metrics
    blanked = {}
    for name, values in metrics.items():
        values = values.copy()
        values[gone] = np.nan if np.issubdtype(values.dtype, np.inexact) else 0
        blanked[name] = values
    return blanked
