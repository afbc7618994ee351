"""Batches that were read ahead: what stands in for a stream inside the compiled loop."""

from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from ._data import AbstractData
from ._stream import AbstractStream


class Block(AbstractData):
    """The batches of some consecutive steps.

    Attributes:
        arrays: the batches, steps along the leading axis; before it that of the members, if each
            has batches of its own.
        begin: the number of the first step.
        own: whether each member has its own.
    """

    arrays: PyTree
    begin: Int[Array, ""]
    own: bool = eqx.field(static=True, default=False)

    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> PyTree:  # noqa: ARG002
        """Nothing to prepare."""
        return ()

    def next(
        self,
        cursor: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002
        step: Int[Array, ""],
    ) -> tuple[PyTree, PyTree]:
        """The batch of a step within the block."""
        place = step - self.begin
        take = lambda array: lax.dynamic_index_in_dim(array, place, keepdims=False)  # noqa: E731
        return jax.tree.map(take, self.arrays), cursor


def _is_stream(part: Any) -> bool:
    return isinstance(part, AbstractStream)


def streams_in(data: AbstractData) -> list[AbstractStream]:
    """The streams that data consist of; none for data on the device."""
    return [part for part in jax.tree.leaves(data, is_leaf=_is_stream) if _is_stream(part)]


def with_blocks(data: AbstractData, blocks: tuple[Block, ...]) -> AbstractData:
    """The data with a block in place of every stream, in their order."""
    left = iter(blocks)
    return jax.tree.map(lambda x: next(left) if _is_stream(x) else x, data, is_leaf=_is_stream)


def axes_of(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Which leaves of the blocks have an axis of members, as `in_axes` of `eqx.filter_vmap`."""

    def axes(block: Block) -> Block:
        every = jax.tree.map(lambda _: 0 if block.own else None, block)
        return eqx.tree_at(lambda b: b.begin, every, None, is_leaf=lambda leaf: leaf is None)

    return tuple(map(axes, blocks))
