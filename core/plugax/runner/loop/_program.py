"""The compiled part of a run: three functions, each compiled once per shape.

`advance` is the loop. It runs at most `limit` steps, and no more than its buffers hold. It stops
when the solver has converged or stalled, and writes the metrics of every step into buffers that
leave the device once. `limit` is an argument, not a constant, and the buffers are as long for a
short run as for a long one, so runs and chunks of any length share one compilation. Only arrays
cross the boundary of the loop. The input is donated, and is returned beside the output, so that no
separate call has to copy it. What is read on the host, a run hands to the loop in blocks.
"""

import collections
import functools
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Int, Key, PRNGKeyArray, PyTree

from ...data._block import Block, axes_of, with_blocks
from ...errors import PlugaxError
from ...problems import AbstractProblem, Metrics, check_unknowns
from ...solvers import AbstractSolver
from ..devices._blocks import over_blocks
from ..devices._over_devices import over_devices
from ..devices._split import Split
from ..request._record import EVERYTHING, Record
from ._skip import MOST_IN_A_ROW, Guarded, after_step, bare, guarded, is_finite

# The buffers of metrics have room for as many steps as fit into BUFFER_BYTES, or for MANY_STEPS if
# those fit into MOST_BUFFER_BYTES. Filling them with zeros takes a fraction of a millisecond per
# chunk.
BUFFER_BYTES, MOST_BUFFER_BYTES = 2**21, 2**26
MANY_STEPS, MOST_STEPS = 64, 2**18
MOST_LIMIT = 2**30  # steps of a chunk, of which few are recorded
# A program that runs once may be slow: at this level LLVM compiles random number generators in a
# third of the time, and the numbers are the same to the bit.
ONCE = {"xla_backend_optimization_level": 1}


Blocks = tuple[Block, ...]
"""The batches of a chunk that were read on the host, one block for each stream; usually none."""

traces: collections.Counter[str] = collections.Counter()
"""How often each of the functions below was traced; tests require that to be once."""


class Task(eqx.Module):
    """What stays the same during a run.

    Attributes:
        problem: the problem.
        solver: the solver.
        prepared: what the solver has prepared: further arguments of its `init` and `step`.
        key: the run's random key, from which all others are derived.
        axes: None, or for a population which leaves of the others have a leading axis, in their
            order.
        record: which metrics of which steps are kept.
        block: the number of members that are computed side by side; None for all.
        order: the order in which members are put into blocks; None for that of their numbers.
        skips: whether steps are skipped that come to nothing finite, see `_skip.py`.
        split: what is spread over several devices; None on a single one.
    """

    problem: AbstractProblem
    solver: AbstractSolver
    prepared: tuple[PyTree, ...]
    key: Key[Array, "*members"]
    axes: Any = eqx.field(static=True, default=None)
    record: Record = eqx.field(static=True, default=EVERYTHING)
    block: int | None = eqx.field(static=True, default=None)
    order: Int[Array, " places"] | None = None
    skips: bool = eqx.field(static=True, default=False)
    split: Split | None = eqx.field(static=True, default=None)

    def over_members(self, function: Any, *axes: Any) -> Any:
        """`function(problem, solver, prepared, key, *rest)` of the rest, vmapped for a population.

        Arguments:
            function: the function of one member.
            axes: the axes of the rest of its arguments.
        """
        if self.axes is not None:
            axes = (*self.axes, *axes)
            function = (
                over_blocks(function, axes, self.block, self.order)
                if self.split is None
                else over_devices(function, axes, self.block, self.order, self.split)
            )
        return functools.partial(function, self.problem, self.solver, self.prepared, self.key)


class Chunk(eqx.Module):
    """The results of a chunk of steps, besides the position.

    Attributes:
        taken: the number of steps taken.
        converged: whether the solver has converged; None if it has no such test.
        stalled: whether the solver has stalled; None if it never does.
        metrics: buffers, of which the first `taken` steps are filled, or those to be recorded.
        last: all metrics of the last step; None if the buffers hold everything.
    """

    taken: Int[Array, "*members"]
    converged: Bool[Array, "*members"] | None
    stalled: Bool[Array, "*members"] | None
    metrics: Metrics
    last: Metrics | None


class Position(eqx.Module):
    """The position of a run between two steps.

    Attributes:
        state: the solver's state.
        cursor: the data's cursor, passed from chunk to chunk. None for a population, whose chunks
            each begin with a cursor of their own: inside the vmapped loop, members with the same
            data share one cursor, which would be lost if it crossed the boundary of the loop.
    """

    state: PyTree
    cursor: PyTree | None


@eqx.filter_jit
def start(task: Task) -> Position:
    """The position of a run before the first step."""
    traces["start"] += 1
    state = task.over_members(_guarded_state if task.skips else first_state)()
    return _placed(task, Position(state, _cursor(task, jnp.asarray(0, "int32"))))


@eqx.filter_jit(compiler_options=ONCE)  # pyright: ignore[reportCallIssue]
def begin(task: Task) -> Position:
    """As `start`, but compiled quickly, to be run once."""
    return start(task)


@eqx.filter_jit
def again_at(task: Task, state: PyTree, first: Int[Array, ""]) -> Position:
    """The position of a run that is resumed from a state, in buffers of its own."""
    state = jax.tree.map(lambda leaf: jnp.copy(leaf) if eqx.is_array(leaf) else leaf, state)
    return _placed(task, Position(state, _cursor(task, first)))


@eqx.filter_jit(donate="all-except-first")
def advance(
    task_and_limits: tuple[Task, Int[Array, ""], Int[Array, "*members"], int, Blocks],
    position: Position,
) -> tuple[Position, Position, Chunk]:
    """The positions before and after at most `limit` further steps, and the chunk's results."""
    traces["advance"] += 1
    task, first, limit, members, blocks = task_and_limits
    limit_axis = 0 if jnp.ndim(limit) else None
    one = functools.partial(_advance, task.record, task.split)
    function = task.over_members(one, None, limit_axis, None, axes_of(blocks), eqx.if_array(0))
    after, chunk = function(first, limit, members, blocks, position)
    chunk = chunk if task.split is None else task.split.shared(chunk)
    return position, _placed(task, after), chunk


@eqx.filter_jit
def finish(task: Task, state: PyTree) -> tuple[PyTree, Metrics]:
    """The unknowns, and the problem's figures of merit for them."""
    traces["finish"] += 1
    found = task.over_members(_finish, eqx.if_array(0))(state)
    return found if task.split is None else task.split.shared(found)


@eqx.filter_jit
def unknowns_of(task: Task, state: PyTree) -> PyTree:
    """The unknowns that belong to a state."""
    found = task.over_members(_unknowns, eqx.if_array(0))(state)
    return found if task.split is None else task.split.shared(found)


@eqx.filter_jit
def copy(state: PyTree) -> PyTree:
    """A copy of the arrays, in buffers of their own."""
    return jax.tree.map(lambda leaf: jnp.copy(leaf) if eqx.is_array(leaf) else leaf, state)


@runtime_checkable
class _Clocks(Protocol):
    compile_seconds: float
    run_seconds: float


@eqx.filter_jit
def chosen_from(state: PyTree, members: Int[Array, " members"]) -> PyTree:
    """The states of these members of a population, one for each; a member may come twice."""
    return jax.tree.map(lambda leaf: leaf[members] if eqx.is_array(leaf) else leaf, state)


@contextmanager
def timed(clocks: _Clocks) -> Iterator[None]:
    """Add the time of a block to the run, or to compilation if something was traced in it."""
    began, before = time.perf_counter(), traces.total()
    yield
    elapsed = time.perf_counter() - began
    if traces.total() > before:
        clocks.compile_seconds += elapsed
    else:
        clocks.run_seconds += elapsed


def keys_of(key: PRNGKeyArray) -> Key[Array, "4"]:
    """Independent keys for: the unknowns, the solver's state, the data, the steps."""
    return jr.split(key, 4)


def _placed(task: Task, position: Position) -> Position:
    """The position with its arrays where they belong, so that every chunk begins alike."""
    return position if task.split is None else task.split.placed(position)


def _cursor(task: Task, first: Int[Array, ""]) -> PyTree | None:
    if task.axes is not None:
        return None
    return task.solver.data(task.problem).init(keys_of(task.key)[2], first)


def first_state(
    problem: AbstractProblem, solver: AbstractSolver, prepared: tuple, key: PRNGKeyArray
) -> PyTree:
    """The solver's state before the first step of a run."""
    unknowns_key, state_key, _, _ = keys_of(key)
    unknowns = problem.init(unknowns_key)
    check_unknowns(unknowns, type(problem).__name__)
    state = solver.init(problem, unknowns, state_key, *prepared)
    return jax.tree.map(_strong, state)


def _guarded_state(*of_member: Any) -> Guarded:
    """As `first_state`, of a run that skips steps."""
    return guarded(first_state(*of_member))


def _unknowns(
    problem: AbstractProblem, solver: AbstractSolver, prepared: tuple, key: Array, state: PyTree
) -> PyTree:
    del prepared, key
    return problem.constrained(solver.unknowns(problem, bare(state)))


def _finish(
    problem: AbstractProblem, solver: AbstractSolver, prepared: tuple, key: Array, state: PyTree
) -> tuple[PyTree, Metrics]:
    del prepared, key
    unknowns = solver.unknowns(problem, bare(state))
    return problem.constrained(unknowns), problem.evaluate(unknowns)


def _advance(
    record: Record,
    split: Split | None,
    problem: AbstractProblem,
    solver: AbstractSolver,
    prepared: tuple,
    key: PRNGKeyArray,
    first: Int[Array, ""],
    limit: Int[Array, ""],
    members: int,
    blocks: Blocks,
    position: Position,
) -> tuple[Position, Chunk]:
    _, _, data_key, step_key = keys_of(key)
    arrays, rest = eqx.partition(position.state, eqx.is_array)
    data = with_blocks(solver.data(problem), blocks)
    may_be_infinite = infinite_metrics(problem, solver)

    def step(i: Int[Array, ""], arrays: PyTree, cursor: PyTree) -> tuple[PyTree, PyTree, Metrics]:
        number = first + i
        batch, cursor = data.next(cursor, data_key, number)
        batch = batch if split is None else split.batch(batch)
        before = eqx.combine(arrays, rest)
        own_key = jr.fold_in(step_key, number)
        after, metrics = solver.step(problem, bare(before), batch, own_key, *prepared)
        _check_metrics(solver, metrics)
        after, metrics = jax.tree.map(_strong, after), jax.tree.map(jnp.asarray, metrics)
        _check_state(solver, bare(before), after)
        if isinstance(before, Guarded):
            after, metrics = after_step(problem, solver, before, after, metrics, may_be_infinite)
        return eqx.filter(after, eqx.is_array), cursor, metrics

    cursor = position.cursor
    if cursor is None:
        cursor = data.init(data_key, first)
    # Traced once, here; the loop below uses the result of the tracing.
    traced: Any = eqx.filter_closure_convert(step, jnp.zeros_like(first), arrays, cursor)
    shapes = traced.out_struct[2]
    kept = record.kept(shapes, type(solver).__name__)
    capacity = _capacity(kept, members)
    # Of steps that are not recorded, the next row has the metrics until it is their turn.
    most = capacity if record.everything else min((capacity - 1) * record.every, MOST_LIMIT)
    limit = jnp.minimum(limit, most)
    buffers = _zeros(kept, capacity)
    last = None if record.everything else _zeros(shapes)

    def unfinished(carry: tuple) -> Bool[Array, ""]:
        i, arrays, _, _, last = carry
        goes_on = i < limit
        state = eqx.combine(arrays, rest)
        for end in ends(problem, solver, bare(state)):
            goes_on = goes_on if end is None else goes_on & ~end
        if isinstance(state, Guarded):
            return goes_on & (state.in_a_row < MOST_IN_A_ROW)
        return goes_on if last is None else goes_on & is_finite(last, may_be_infinite)

    def body(carry: tuple) -> tuple:
        i, arrays, cursor, buffers, last = carry
        arrays = arrays if split is None else split.inner(arrays)
        arrays, cursor, metrics = traced(i, arrays, cursor)
        row = record.rows(first + i) - record.rows(first)
        put = lambda buffer, value: lax.dynamic_update_index_in_dim(buffer, value, row, 0)  # noqa: E731
        buffers = {name: put(buffer, metrics[name]) for name, buffer in buffers.items()}
        return i + 1, arrays, cursor, buffers, None if last is None else metrics

    carry = (jnp.zeros_like(first), arrays, cursor, buffers, last)
    taken, arrays, cursor, buffers, last = lax.while_loop(unfinished, body, carry)
    state = eqx.combine(arrays, rest)
    after = Position(state, None if position.cursor is None else cursor)
    return after, Chunk(taken, *ends(problem, solver, bare(state)), buffers, last)


def infinite_metrics(problem: AbstractProblem, solver: AbstractSolver) -> set[str]:
    """The metrics that problem and solver allow to be anything but finite; never the loss."""
    return {*problem.may_be_infinite, *solver.may_be_infinite} - {"loss"}


def _zeros(shapes: Mapping[str, jax.ShapeDtypeStruct], *axes: int) -> Metrics:
    return {name: jnp.zeros((*axes, *of.shape), of.dtype) for name, of in shapes.items()}


def ends(
    problem: AbstractProblem, solver: AbstractSolver, state: PyTree
) -> tuple[Bool[Array, ""] | None, Bool[Array, ""] | None]:
    """Whether the solver has converged, and whether it has stalled."""
    ends = solver.converged(problem, state), solver.stalled(problem, state)
    for name, end in zip(("converged", "stalled"), ends, strict=True):
        _check_end(f"{type(solver).__name__}.{name}", end)
    return ends


def _capacity(metrics: PyTree[jax.ShapeDtypeStruct], members: int) -> int:
    """How many steps the buffers of a member have room for."""
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(metrics)) * members
    return capacity_for(size)


def capacity_for(size: int) -> int:
    """How many steps the buffers have room for if the metrics of all members take `size` bytes."""
    fit, most = (room // max(size, 1) for room in (BUFFER_BYTES, MOST_BUFFER_BYTES))
    return min(max(fit, min(most, MANY_STEPS), 1), MOST_STEPS)


def _strong(leaf: Any) -> Any:
    """The leaf with a definite dtype; a weakly typed one would change after the first step."""
    if not eqx.is_array(leaf) or jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return leaf
    return lax.convert_element_type(leaf, leaf.dtype)


def _check_metrics(solver: AbstractSolver, metrics: Metrics) -> None:
    """Raise if the metrics of a step are not a flat dictionary with a scalar loss."""
    name = type(solver).__name__
    if not isinstance(metrics, dict) or "loss" not in metrics:
        raise PlugaxError(
            f"{name}.step must return its metrics as a dictionary with the key 'loss'; got "
            f"{sorted(metrics) if isinstance(metrics, dict) else type(metrics).__name__}."
        )
    loss = metrics["loss"]
    if not eqx.is_array(loss) or loss.shape != () or not jnp.issubdtype(loss.dtype, jnp.floating):
        came = f"{loss.dtype}{list(loss.shape)}" if eqx.is_array(loss) else repr(loss)
        raise PlugaxError(f"{name}.step must return a scalar array of floats 'loss'; got {came}.")
    odd = [key for key, value in metrics.items() if not eqx.is_array_like(value)]
    if odd:
        raise PlugaxError(f"The metrics of {name}.step must be arrays; {odd[0]!r} is not.")


def _check_end(name: str, end: Any) -> None:
    """Raise if a test for the end of a run is neither None nor one boolean of JAX."""
    if end is None:
        return
    if not eqx.is_array(end) or end.dtype != bool or end.shape != ():
        came = f"{end.dtype}{list(end.shape)}" if eqx.is_array(end) else end
        raise PlugaxError(
            f"{name} must return a boolean scalar of JAX, or None from a solver that has no such "
            f"test; got {came}."
        )


def _check_state(solver: AbstractSolver, before: PyTree, after: PyTree) -> None:
    """Raise if a step changes the structure, a shape or a dtype of the state."""
    name = type(solver).__name__
    if jax.tree.structure(before) != jax.tree.structure(after):
        raise PlugaxError(
            f"{name}.step must keep the structure of its state; it began as "
            f"{jax.tree.structure(before)} and came out as {jax.tree.structure(after)}."
        )
    old = jax.tree_util.tree_leaves_with_path(before)
    for (path, was), now in zip(old, jax.tree.leaves(after), strict=True):
        where = f"{name}.step must keep its state's leaf{jax.tree_util.keystr(path)}"
        if eqx.is_array(was) != eqx.is_array(now):
            raise PlugaxError(f"{where} an array or not an array; init and step disagree.")
        if eqx.is_array(was) and (was.shape, was.dtype) != (now.shape, now.dtype):
            raise PlugaxError(
                f"{where} as {was.dtype}{list(was.shape)}; it came out as "
                f"{now.dtype}{list(now.shape)}."
            )
        if not eqx.is_array(was) and was is not now and was != now:
            raise PlugaxError(f"{where} {was!r}, which is not an array; it came out as {now!r}.")
