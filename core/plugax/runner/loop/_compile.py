"""The programs of a run, compiled in parallel before the first of them is called.

XLA compiles a program on one core. But the three programs of a run need only each other's shapes,
so they are traced one after the other and compiled in threads. JAX keeps the compiled programs for
the calls that follow.
"""

import dataclasses
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..._memory import check_memory, free_memory
from ...errors import OutOfMemoryError
from ...problems import Metrics
from ._program import Blocks, Position, Task, advance, begin, finish, start

SPARE = 0.9  # of the memory that is free, since other programs take some too

_compiled: dict[tuple, list["Sizes | None"]] = {}
"""What was compiled, by its signature, so that it is not traced again."""
_checked: set[tuple] = set()
"""The signatures of what is known to fit into memory too."""


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The memory that a compiled program takes besides its arguments [bytes].

    Attributes:
        results: its results, without those that lie in the memory of arguments.
        aliased: the results that do.
        work: what it needs while it runs.
        row: of the loop: the metrics of a step that are kept, of all members.
    """

    results: int
    aliased: int
    work: int
    row: int = 0


class _TooLargeError(OutOfMemoryError):
    """A run needs more memory than there is, but would need less in smaller blocks.

    Attributes:
        block: the number of members for which it would fit.
    """

    block: int


def compile_in_blocks(
    task: Task, members: int, blocks: Blocks, position: Position | None = None
) -> tuple[Task, bool]:
    """As `compile_ahead`, in blocks of members if they do not fit into memory side by side.

    Returns:
        the task with the size of its blocks, and whether it was compiled already.
    """
    while True:
        try:
            return task, compile_ahead(task, members, blocks, position)
        except _TooLargeError as error:
            task = dataclasses.replace(task, block=error.block)


def compile_ahead(
    task: Task, members: int, blocks: Blocks = (), position: Position | None = None
) -> bool:
    """Compile the programs of a run; return whether an earlier run had compiled them already.

    Arguments:
        task: the run's problem, solver and key.
        members: the number of members.
        blocks: what stands for the batches that are read on the host.
        position: where the run is resumed; None for a run from its beginning.
    """
    signature = _signature(task, members, blocks, position)
    if signature is None:
        return False
    if signature in _checked:
        return True
    if position is None:
        # Before anything is computed: the loop holds the state before and after a chunk.
        _check_fits(task, members, 2 * size_of(eqx.filter_eval_shape(start, task)))
    found = []
    for sizes in _compiled.get(signature) or _compile(task, members, blocks, position):
        if sizes is not None:
            # And after the first chunk, the state before the last one: as large as what is aliased.
            _check_fits(task, members, sizes.results + 2 * sizes.aliased, sizes.work)
        found.append(sizes)
    _compiled[signature] = found
    _checked.add(signature)
    return False


def compiled_sizes(task: Task, members: int, blocks: Blocks = ()) -> tuple[Sizes, ...]:
    """What the programs of a run need: `begin`, `advance` and `finish`; empty if it is not known.

    They are compiled whether they fit into memory or not.

    Arguments:
        task: the run's problem, solver and key, which are bound to no device.
        members: the number of members.
        blocks: what stands for the batches that are read on the host.
    """
    signature = _signature(task, members, blocks, None)
    found = None if signature is None else _compiled.get(signature)
    if found is None:
        found = list(_compile(task, members, blocks, None))
    if signature is not None:
        _compiled[signature] = found
    return tuple(sizes for sizes in found if sizes is not None)


def _signature(task: Task, members: int, blocks: Blocks, position: Position | None) -> tuple | None:
    """What the programs depend on; None if they differ from those lowered here."""
    arrays, rest = eqx.partition((task, blocks, position), eqx.is_array)
    if any(getattr(leaf, "committed", False) for leaf in jax.tree.leaves(arrays)):
        return None  # the arrays are bound to a device
    return _shapes(arrays), *_hashable(rest), members, jnp.result_type(float)


def _compile(
    task: Task, members: int, blocks: Blocks, position: Position | None
) -> Iterator[Sizes | None]:
    """Compile the programs of a run in threads; yields the memory that each needs, in order."""
    with ThreadPoolExecutor() as pool:
        jobs = []
        if position is None:
            jobs.append(pool.submit(_lower(begin, task).compile))
            shapes = eqx.filter_eval_shape(start, task)
            position = cast(Position, jax.tree.map(_stand_in, shapes))
        none = jnp.asarray(0, "int32")
        limit = none if task.order is None else jnp.zeros(members, "int32")
        loop = _lower(advance, (task, none, limit, members, blocks), position)
        jobs.append(pool.submit(loop.compile))
        jobs.append(pool.submit(_lower(finish, task, position.state).compile))
        chunk = loop.lowered.out_info[1][2]
        for number, job in enumerate(jobs, 1):
            is_loop = number == len(jobs) - 1
            row = _row(chunk.metrics, task) if is_loop else 0
            yield _sizes(job.result().compiled.memory_analysis(), row)


def _sizes(analysis: Any, row: int) -> Sizes | None:
    if analysis is None:
        return None
    aliased = analysis.alias_size_in_bytes
    results = analysis.output_size_in_bytes - aliased
    return Sizes(results, aliased, analysis.temp_size_in_bytes, row)


def _row(buffers: Metrics, task: Task) -> int:
    """The size of one row of the buffers of all members [bytes]."""
    axis = 0 if task.axes is None else 1
    return sum(size_of(buffer) // buffer.shape[axis] for buffer in buffers.values())


def size_of(tree: PyTree) -> int:
    """The size of all arrays of a pytree, or of what has their shapes [bytes]."""
    leaves = [leaf for leaf in jax.tree.leaves(tree) if hasattr(leaf, "dtype")]
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in leaves)


def _lower(program: Any, *arguments: Any) -> Any:
    return program.lower(*arguments)


def _check_fits(task: Task, members: int, lasting: int, passing: int = 0) -> None:
    """Raise `OutOfMemoryError` if the run needs more memory than there is.

    Arguments:
        task: the run's problem, solver and key.
        members: the number of members.
        lasting: the memory that the run needs besides the problem, for all members [bytes].
        passing: what it needs besides during a step, for the members of a block [bytes].
    """
    device = next(iter(jnp.zeros(()).devices()))
    free = free_memory(device)
    if task.axes is not None and free is not None and lasting < free < lasting + passing:
        block = task.block or members
        if block > 1:
            error = _TooLargeError(f"{block} members side by side do not fit into memory.")
            error.block = max(int(block * (free - lasting) / passing * SPARE), 1)
            raise error
    names = f"{type(task.solver).__name__} on {type(task.problem).__name__}"
    together = "" if task.axes is None else f", all {members} members at once,"
    check_memory(lasting + passing, names + together, device=device)


def _shapes(arrays: PyTree) -> tuple:
    leaves, structure = jax.tree.flatten(arrays)
    return structure, *((x.shape, x.dtype, getattr(x, "weak_type", False)) for x in leaves)


def _hashable(rest: PyTree) -> tuple:
    leaves, structure = jax.tree.flatten(rest)
    return structure, *leaves


def _stand_in(leaf: Any) -> Any:
    """An array of a given shape that takes no memory: only shape and dtype are used."""
    if not isinstance(leaf, jax.ShapeDtypeStruct):
        return leaf
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return lax.full(leaf.shape, 0, leaf.dtype)
    return np.broadcast_to(np.zeros((), leaf.dtype), leaf.shape)
