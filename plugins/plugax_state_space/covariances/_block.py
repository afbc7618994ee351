"""Covariances of vectors made of parts that have nothing to do with each other."""

from collections.abc import Callable
from itertools import accumulate

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from plugax import PlugaxError

from ._covariance import AbstractCovariance


class BlockCovariance(AbstractCovariance):
    """diag(B₁, B₂, …): of a state with several fields, or with parameters.

    Arguments:
        blocks: the covariances of the parts of x, in their order.

    Errors: `PlugaxError` where there is no block; those of the blocks.
    """

    blocks: tuple[AbstractCovariance, ...]

    def __init__(self, blocks: tuple[AbstractCovariance, ...]):
        if not blocks:
            raise PlugaxError("A BlockCovariance needs one block at least; got none.")
        self.blocks = tuple(blocks)

    @property
    def size(self) -> int:
        """Those of all blocks together."""
        return sum(block.size for block in self.blocks)

    @property
    def control_size(self) -> int:
        """Those of all blocks together."""
        return sum(block.control_size for block in self.blocks)

    @property
    def dtype(self) -> jnp.dtype:
        """That of the blocks."""
        return jnp.result_type(*(block.dtype for block in self.blocks))

    @property
    def uncorrelated(self) -> bool:
        """Where all blocks are."""
        return all(block.uncorrelated for block in self.blocks)

    def root(self, control: Float[Array, " control"]) -> Float[Array, " size"]:
        """The roots of the blocks, each of its part of v."""
        return self._each(lambda block: block.root, lambda block: block.control_size, control)

    def whiten(self, x: Float[Array, " size"]) -> Float[Array, " white"]:
        """The parts of x, each whitened by its block."""
        return self._each(lambda block: block.whiten, lambda block: block.size, x)

    def restricted(self, available: Bool[Array, " size"]) -> AbstractCovariance:
        """The parts of the blocks."""
        parts = self._cut(lambda block: block.size, available)
        return BlockCovariance(
            tuple(block.restricted(part) for block, part in zip(self.blocks, parts, strict=True))
        )

    def _each(
        self,
        method: Callable[[AbstractCovariance], Callable[[Array], Array]],
        size: Callable[[AbstractCovariance], int],
        x: Array,
    ) -> Array:
        parts = self._cut(size, x)
        return jnp.concatenate(
            [method(block)(part) for block, part in zip(self.blocks, parts, strict=True)]
        )

    def _cut(self, size: Callable[[AbstractCovariance], int], x: Array) -> list[Array]:
        ends = list(accumulate(size(block) for block in self.blocks))
        return [x[first:end] for first, end in zip([0, *ends], ends, strict=False)]
