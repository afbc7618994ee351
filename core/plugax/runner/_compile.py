"""The programs of a run, compiled in parallel before the first of them is called.

XLA compiles a program on one core. But the three programs of a run need only each other's shapes,
so they are traced one after the other and compiled in threads. JAX keeps the compiled programs for
the calls that follow.
"""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from .._memory import check_memory, free_memory
from ..errors import OutOfMemoryError
from ._program import Blocks, Position, Task, advance, begin, finish, start

SPARE = 0.9  # of the memory that is free, since other programs take some too

_compiled: set[int] = set()
"""Hashes of what was compiled, so that it is not traced again."""


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
    arrays, rest = eqx.partition((task, blocks, position), eqx.is_array)
    # If arrays are bound to a device, the programs differ from those lowered here.
    if any(getattr(leaf, "committed", False) for leaf in jax.tree.leaves(arrays)):
        return False
    signature = hash((_shapes(arrays), *_hashable(rest), members, jnp.result_type(float)))
    if signature in _compiled:
        return True
    with ThreadPoolExecutor() as pool:
        jobs = []
        if position is None:
            position = eqx.filter_eval_shape(start, task)
            # Before anything is computed: the loop holds the state before and after a chunk.
            size = sum(leaf.size * leaf.dtype.itemsize for leaf in _arrays(position))
            _check_fits(task, members, 2 * size)
            jobs.append(pool.submit(_lower(begin, task).compile))
            position = cast(Position, jax.tree.map(_stand_in, position))
        none = jnp.asarray(0, "int32")
        limit = none if task.order is None else jnp.zeros(members, "int32")
        jobs.append(
            pool.submit(_lower(advance, (task, none, limit, members, blocks), position).compile)
        )
        jobs.append(pool.submit(_lower(finish, task, position.state).compile))
        for job in jobs:
            sizes = job.result().compiled.memory_analysis()
            if sizes is not None:
                _check_fits(task, members, sizes.output_size_in_bytes, sizes.temp_size_in_bytes)
    _compiled.add(signature)
    return False


def _lower(program: Any, *arguments: Any) -> Any:
    return program.lower(*arguments)


def _arrays(tree: PyTree) -> list[jax.ShapeDtypeStruct]:
    return [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, jax.ShapeDtypeStruct)]


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
