"""The host's side of a run: calls the compiled loop chunk by chunk until the run has ended.

Every run is treated as a population; a single run has one member. Between chunks the metrics come
to the host, failures are detected and observers are told. A metric that is not finite at step j
means that the unknowns after j steps are bad. The last good ones, after j − 1 steps, are found by
running the chunk once more from its beginning, so nothing has to be kept inside the loop. Since
step j may be the first of its chunk, the beginning of the previous chunk is kept too.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ...problems import Metrics
from ...solution import Status
from ..devices._processes import gathered
from ..request._length import Plan
from ..request._record import Record
from ._feed import Feed
from ._interrupt import Interrupt
from ._program import Blocks, Position, Task, advance, copy, infinite_metrics
from ._skip import MOST_IN_A_ROW, Guarded

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
        row: all metrics of the step, with a leading axis of one; empty if steps were skipped, which
            the history has.
        skipped: how many steps were skipped one after the other, up to this one.
    """

    step: int
    metric: str
    value: float
    row: dict[str, np.ndarray]
    skipped: int = 0


@dataclasses.dataclass(frozen=True)
class Best:
    """The best state of every member so far; see `_best.py`.

    Attributes:
        steps: after how many steps, `(members,)`; 0 for a member that has none yet.
        values: the metric there; NaN for a member that has none yet.
        state: the solver's state there.
        finished: its unknowns and their figures of merit; None if a run before found them.
        place: where the host reads on from the latest of these steps, see `Solution.place`.
        rows: how much of the history was written then; None if it is not saved.
        whole: history and evaluations up to there, if the run has since gone back to before it.
        rollbacks: how often the run had gone back until then.
    """

    steps: np.ndarray
    values: np.ndarray
    state: PyTree
    finished: tuple[PyTree, Metrics] | None = None
    place: Mapping[str, Any] | None = None
    rows: Mapping[str, Any] | None = None
    whole: tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]] | None = None
    rollbacks: int = 0


@dataclasses.dataclass
class RunState:
    """How far a run has come, and what it has found; members lie along the leading axis.

    Attributes:
        state: the solver's state now.
        cursor: the data's cursor; None if every chunk begins with a cursor of its own.
        blocks: the batches of this chunk that were read on the host.
        place: where the host reads on if the run is resumed, see `Solution.place`.
        data_ended: whether the data have ended before the last step.
        step: the number of steps that every member still running has taken.
        taken: the number of steps of every member, those before a resumption included.
        first: the value of `step` before the last chunk.
        converged: which members have converged; None if the solver has no such test.
        stalled: which members cannot go on; None if the solver never stalls.
        failures: the members that failed.
        copied: the members that have gone on from others since the last chunk.
        lost: the members that had failed before the run was resumed, or that a race has stopped,
            with their status; they stay as they are.
        pieces: the metrics of all chunks so far, `(members, steps of the chunk, …)`, that are not
            in a journal.
        latest: those of the last chunk; empty before the first.
        last: all metrics of the last step, `(members, …)`, if not everything is recorded.
        evaluations: figures of merit during the run, `(members, …)`, each with its step, that are
            not in a journal.
        finished: the last state that was evaluated, its unknowns and their figures of merit.
        best: the best state so far, if it is kept.
        whole: history and evaluations, if they are not those of `pieces` and `evaluations`.
        rollbacks: how often the run has gone back.
        compile_seconds: time until the loop was compiled.
        run_seconds: time spent in the loop since then.
        wait_seconds: the part of it in which the loop waited for batches from the host.
    """

    state: PyTree
    step: int
    taken: np.ndarray
    first: int = 0
    cursor: PyTree | None = None
    blocks: Blocks = ()
    place: Mapping[str, Any] | None = None
    data_ended: bool = False
    converged: np.ndarray | None = None
    stalled: np.ndarray | None = None
    failures: dict[int, Failure] = dataclasses.field(default_factory=dict)
    copied: frozenset[int] = frozenset()
    lost: dict[int, Status] = dataclasses.field(default_factory=dict)
    pieces: list[dict[str, np.ndarray]] = dataclasses.field(default_factory=list)
    latest: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    last: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    evaluations: list[tuple[int, dict[str, np.ndarray]]] = dataclasses.field(default_factory=list)
    finished: tuple[PyTree, PyTree, Metrics] | None = None
    best: Best | None = None
    whole: tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]] | None = None
    rollbacks: int = 0
    compile_seconds: float = 0.0
    run_seconds: float = 0.0
    wait_seconds: float = 0.0

    def active(self) -> np.ndarray:
        """Which members may go on."""
        active = np.ones(self.taken.shape, bool)
        for ended in (self.converged, self.stalled):
            active &= True if ended is None else ~ended
        active[[*self.failures, *self.lost]] = False
        return active

    def last_metrics(self) -> dict[str, np.ndarray]:
        """All metrics of the last step, `(members, …)`."""
        return self.last or {name: values[:, -1] for name, values in self.latest.items()}

    def series(self) -> dict[str, np.ndarray]:
        """The metrics of all steps in `pieces`, `(members, steps, …)`; empty if there are none."""
        if not self.pieces:
            return {}
        return {
            name: np.concatenate([piece[name] for piece in self.pieces], axis=1)
            for name in self.pieces[0]
        }


@runtime_checkable
class GoesBack(Protocol):
    """What lets a run go back when a metric is not finite; see `_rollback.py`."""

    def note(self, step: int, state: PyTree) -> None:
        """Take note of the state after so many steps."""

    def go_back(self, run_state: RunState, failure: Failure) -> Task | None:
        """Put the run state back, and return the task to go on with; None if the run is to end."""


def warm_up(task: Task, run_state: RunState) -> None:
    """Run a chunk of no steps, so that all one-time work is done before the first step."""
    _, position, _ = _advance(task, run_state, 0)
    run_state.state, run_state.cursor = position.state, position.cursor
    jax.block_until_ready(run_state.state)


def run_chunks(
    task: Task,
    run_state: RunState,
    *,
    plan: Plan,
    chunk: int | None,
    feed: Feed | None,
    interrupt: Interrupt,
    after_chunk: Callable[[RunState], Task | None],
    goes_back: GoesBack | None = None,
) -> None:
    """Run until the last step, convergence, failure, an interrupt, or a stop by `after_chunk`.

    Arguments:
        task: what stays the same during the run.
        run_state: how far the run has come; changed in place.
        plan: the step to stop at, and the steps at which a chunk must end.
        chunk: steps in a chunk, or None for as many as take about a second; limited by the buffers.
        feed: brings what is read on the host; None if nothing is.
        interrupt: whether the user has asked for the run to end.
        after_chunk: called with the run state after every chunk; returns the task to go on with, or
            None to end the run.
        goes_back: lets a single run go back when a metric is not finite; None ends it.
    """
    size = first_size(task) if chunk is None else chunk
    earlier = run_state  # the run state at the beginning of the previous chunk
    while run_state.step < plan.steps and run_state.active().any():
        began = time.perf_counter()
        count = min(size, plan.until_stop(run_state.step))
        if feed is not None and not interrupt.requested:
            count = min(count, fetch(feed, run_state))
        # No process goes on alone.
        count = int(gathered(0 if interrupt.requested else count).min())
        if not count:
            break
        then, position, left = _advance(task, run_state, count)
        run_state.state, run_state.cursor = position.state, position.cursor
        before = dataclasses.replace(
            run_state, state=then.state, cursor=then.cursor, taken=run_state.taken.copy()
        )
        taken = np.broadcast_to(np.asarray(left.taken), run_state.taken.shape).copy()
        if goes_back is not None:
            goes_back.note(before.step, then.state)
        rows = _Rows(task.record, before.step, taken)
        metrics = {
            name: _written_part(_by_member(value, task), rows.most)
            for name, value in left.metrics.items()
        }
        if left.last is not None:
            run_state.last = {n: _by_member(value, task) for n, value in left.last.items()}
        run_state.taken += taken
        if left.converged is not None:
            run_state.converged = np.atleast_1d(np.asarray(left.converged))
        if left.stalled is not None:
            run_state.stalled = np.atleast_1d(np.asarray(left.stalled))
        allowed = infinite_metrics(task.problem, task.solver)
        if isinstance(run_state.state, Guarded):
            run_state.failures = run_state.failures | _hopeless(run_state, metrics, rows, allowed)
            found = {}
        elif left.last is None:
            found = _failures(metrics, rows.numbers[None], rows.ends, allowed)
        else:  # the loop has stopped at the first step whose metrics were not finite
            last = {name: value[:, None] for name, value in run_state.last.items()}
            found = _failures(last, rows.ends[:, None] - 1, rows.ends, allowed)
        if found and goes_back is not None:
            again = goes_back.go_back(run_state, found[0])
            if again is not None:
                task, earlier = again, run_state
                run_state.run_seconds += time.perf_counter() - began
                continue
        if found:
            _roll_back(task, run_state, before, earlier, found)
        run_state.latest = _blank(metrics, rows, run_state)
        run_state.pieces.append(run_state.latest)
        run_state.first = before.step
        run_state.step += int(taken.max())
        earlier = before
        elapsed = time.perf_counter() - began
        run_state.run_seconds += elapsed
        if chunk is None:
            size = next_size(max(int(taken.max()), 1), elapsed)
        run_state.copied = frozenset()
        going_on = after_chunk(run_state)
        if going_on is None:
            break
        task = going_on


def fetch(feed: Feed, run_state: RunState) -> int:
    """Put the batches from here on into the run state; how many there are, 0 if the run ends."""
    before = feed.waited
    count = feed.available(run_state.step)
    run_state.wait_seconds += feed.waited - before
    run_state.blocks = feed.blocks
    run_state.data_ended = not count and feed.ended
    return count


def first_size(task: PyTree) -> int:
    """The steps of the first chunk, before their speed is known: a few if data are small, or 1."""
    arrays = jax.tree.leaves(eqx.filter(task, eqx.is_array))
    return FEW_STEPS if sum(array.size for array in arrays) < SMALL_DATA else 1


def next_size(count: int, seconds: float) -> int:
    """The steps of the next chunk, after `count` steps took `seconds`: about a second's worth."""
    return int(np.clip(count * TARGET_SECONDS / max(seconds, 1e-9), 1, count * GROWTH))


def _advance(task: Task, run_state: RunState, count: int):
    """`advance` by `count` steps for the members that may go on."""
    first = jnp.asarray(run_state.step, "int32")
    limit = np.asarray(count, "int32")
    if run_state.failures or run_state.lost or task.order is not None:
        limit = np.where(run_state.active(), limit, 0).astype("int32")
        limit = limit[0] if task.axes is None else limit
    members = run_state.taken.size
    return advance(
        (task, first, jnp.asarray(limit), members, run_state.blocks),
        Position(run_state.state, run_state.cursor),
    )


def _by_member(value: jax.Array, task: Task) -> np.ndarray:
    array = np.asarray(value)
    return array[None] if task.axes is None else array


def _written_part(buffer: np.ndarray, steps: int) -> np.ndarray:
    """The part of a buffer that was written; copied if most of the buffer is empty."""
    part = buffer[:, :steps]
    return part if 2 * steps > buffer.shape[1] else part.copy()


class _Rows:
    """The rows of a chunk's metrics.

    Attributes:
        numbers: the step that each row belongs to.
        ends: for every member, the step after its last one.
        most: the number of rows.
    """

    def __init__(self, record: Record, first: int, taken: np.ndarray):
        self.ends = first + taken
        begin, end = record.rows(first), record.rows(int(self.ends.max()))
        self.numbers = np.arange(begin, end) * record.every
        self.most = end - begin


def _failures(
    metrics: dict[str, np.ndarray], numbers: np.ndarray, ends: np.ndarray, allowed: set[str]
) -> dict[int, Failure]:
    """Every member's first step with a metric that is not finite, though it should be.

    Arguments:
        metrics: rows of metrics, `(members, rows, …)`.
        numbers: the steps that the rows belong to, for all members or for each.
        ends: for every member, the step after its last one.
        allowed: the metrics that need not be finite.
    """
    found: dict[int, Failure] = {}
    for name in sorted(metrics, key=lambda name: name != "loss"):
        if name in allowed:
            continue
        values = metrics[name]
        if not np.issubdtype(values.dtype, np.inexact) or np.isfinite(values).all():
            continue
        bad = ~np.isfinite(values).all(axis=tuple(range(2, values.ndim)))
        steps = np.broadcast_to(numbers, bad.shape)
        bad &= (steps < ends[:, None]) & (steps >= 0)
        for member in np.flatnonzero(bad.any(axis=1)):
            offset = int(bad[member].argmax())
            step = int(steps[member, offset])
            if int(member) not in found or step < found[int(member)].step:
                culprit = values[member, offset].ravel()
                value = float(np.real(culprit[~np.isfinite(culprit)][0]))
                at = slice(offset, offset + 1)
                row = {name: values[member, at] for name, values in metrics.items()}
                found[int(member)] = Failure(step, name, value, row)
    return found


def _hopeless(
    run_state: RunState, metrics: dict[str, np.ndarray], rows: "_Rows", allowed: set[str]
) -> dict[int, Failure]:
    """The members whose latest steps were all skipped, after which their runs end."""
    in_a_row = np.atleast_1d(np.asarray(run_state.state.in_a_row))
    found = {}
    for member in np.flatnonzero(run_state.active() & (in_a_row >= MOST_IN_A_ROW)).tolist():
        end = int(rows.ends[member])
        last = {name: values[[member], None] for name, values in run_state.last.items()} or {
            name: values[[member]][:, rows.numbers == end - 1] for name, values in metrics.items()
        }
        told = _failures(last, np.full((1, 1), end - 1), rows.ends[[member]], allowed)
        metric, value = (told[0].metric, told[0].value) if told else ("", np.nan)
        found[member] = Failure(end, metric, value, {}, int(in_a_row[member]))
    return found


def _roll_back(
    task: Task,
    run_state: RunState,
    before: RunState,
    earlier: RunState,
    found: dict[int, Failure],
) -> None:
    """Roll the members that failed back to their last good state, by running up to it again."""
    # The first chunk of a run, or of a resumed run, has no chunk before it; and what a member was
    # before it went on from another does not belong to it.
    first_chunk = earlier.step == before.step
    here = {m for m, f in found.items() if f.step > before.step or first_chunk} | run_state.copied
    for origin in (before, earlier):
        # Members that failed at the very first step of the chunk go back into the previous chunk.
        share = {m: f for m, f in found.items() if (m in here) == (origin is before)}
        if not share:
            continue
        limit = np.zeros(run_state.taken.shape, "int32")
        for member, failure in share.items():
            limit[member] = max(failure.step - 1 - origin.step, 0)
        first = jnp.asarray(origin.step, "int32")
        limits = jnp.asarray(limit[0] if task.axes is None else limit)
        there = copy(Position(origin.state, origin.cursor))
        _, again, _ = advance((task, first, limits, limit.size, origin.blocks), there)
        chosen = np.isin(np.arange(limit.size), list(share))
        run_state.state = choose(chosen, again.state, run_state.state, task)
    for member, failure in found.items():
        first = before.step if member in run_state.copied else earlier.step
        run_state.taken[member] = max(failure.step - 1, first)
    run_state.failures = run_state.failures | found


def choose(chosen: np.ndarray, yes: PyTree, no: PyTree, task: Task) -> PyTree:
    """Leaf by leaf, the chosen members from `yes` and the others from `no`."""
    if task.axes is None:
        return yes

    def choose(a: PyTree, b: PyTree) -> PyTree:
        if not isinstance(a, jax.Array):
            return a
        return jnp.where(chosen.reshape(-1, *(1,) * (a.ndim - 1)), a, b)

    return jax.tree.map(choose, yes, no)


def _blank(
    metrics: dict[str, np.ndarray], rows: _Rows, run_state: RunState
) -> dict[str, np.ndarray]:
    """The metrics of a chunk; NaN (or 0) for steps that a member did not take or that failed."""
    if not run_state.failures and rows.ends.min() == rows.ends.max():
        return metrics
    last = rows.ends.copy()
    for member, failure in run_state.failures.items():
        last[member] = min(last[member], failure.step)
    gone = rows.numbers >= last[:, None]
    if not gone.any():
        return metrics
    blanked = {}
    for name, values in metrics.items():
        values = values.copy()
        values[gone] = np.nan if np.issubdtype(values.dtype, np.inexact) else 0
        blanked[name] = values
    return blanked
