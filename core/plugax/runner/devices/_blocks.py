"""A function of one member for all members of a population: side by side, or block by block.

`jax.vmap` computes all members side by side, and what a step needs for itself (activations,
gradients) is in memory for all of them at once. In blocks of b members, a loop computes one block
after the other, each with `vmap`, and only b members need that memory at once; a block of one is
not vmapped at all. If the last block is not full, it begins earlier, and its first members are
computed twice, with the same result, so that one program does for all blocks.

The order in which members are put into blocks is an array. So if some members have stopped, the
others can be put into the first blocks, and a block in which all have stopped takes no time.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Int


def over_blocks(
    function: Callable[..., Any],
    axes: tuple[Any, ...],
    block: int | None,
    order: Int[Array, " places"] | None = None,
) -> Callable[..., Any]:
    """`function` for all members: its arrays and its results have an axis of members in front.

    Arguments:
        function: the function of one member.
        axes: for every argument which of its leaves have that axis, as `in_axes` of
            `eqx.filter_vmap`: 0 or None, a pytree of these, or a function of a leaf.
        block: the number of members that are computed side by side; None for all.
        order: the order in which members are put into blocks; None for that of their numbers.
    """
    together = eqx.filter_vmap(function, in_axes=axes)
    if block is None:
        return together

    def blockwise(*arguments: Any) -> Any:
        own, shared = eqx.partition(arguments, of_members(arguments, axes))
        members = len(jax.tree.leaves(own)[0])
        if block >= members and block > 1:
            return together(*arguments)

        places = jnp.arange(members) if order is None else order

        def one(chosen: Any) -> Any:
            picked = jax.tree.map(lambda leaf: leaf[chosen], own)
            if block > 1:
                return together(*eqx.combine(picked, shared))
            alone = jax.tree.map(lambda leaf: leaf[0], picked)
            result = function(*eqx.combine(alone, shared))
            return jax.tree.map(lambda x: x[None] if eqx.is_array(x) else x, result)

        shapes = eqx.filter_eval_shape(one, places[:block])
        arrays, rest = eqx.partition(shapes, lambda x: isinstance(x, jax.ShapeDtypeStruct))
        results = jax.tree.map(lambda x: lax.full((members, *x.shape[1:]), 0, x.dtype), arrays)

        def put(number: Any, results: Any) -> Any:
            first = jnp.minimum(number * block, members - block)
            chosen = lax.dynamic_slice_in_dim(places, first, block)
            found = eqx.filter(one(chosen), eqx.is_array)
            return jax.tree.map(lambda whole, x: whole.at[chosen].set(x), results, found)

        return eqx.combine(lax.fori_loop(0, -(-members // block), put, results), rest)

    return blockwise


def of_members(arguments: Any, axes: Any) -> Any:
    """Which leaves of the arguments have an axis of members, by the axes of `over_blocks`."""

    def marked(axis: Any, part: Any) -> Any:
        of = axis if callable(axis) else lambda leaf: axis if eqx.is_array(leaf) else None
        return jax.tree.map(lambda leaf: of(leaf) is not None, part)

    return jax.tree.map(marked, axes, arguments, is_leaf=lambda axis: axis is None)
