"""Covariances of vectors that consist of uncorrelated parts."""

from collections.abc import Callable
from itertools import accumulate

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from plugax import PlugaxError

from ._covariance import AbstractCovariance


class BlockCovariance(AbstractCovariance):
    """diag(B₁, B₂, …), for a state with several fields, or with parameters.

    Arguments:
        blocks: the covariances of the parts of x, in their order.

    Errors: `PlugaxError` if there is no block; the errors of the blocks.
    """

    blocks: tuple[AbstractCovariance, ...]

    def __init__(self, blocks: tuple[AbstractCovariance, ...]):
        if not blocks:
            raise PlugaxError("A BlockCovariance needs at least one block; got none.")
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
        """The root of each block, applied to its part of v."""
        return self._each(lambda block: block.root, lambda block: block.control_size, control)

    def whiten(self, x: Float[Array, " size"]) -> Float[Array, " white"]:
        """The parts of x, each whitened by its block."""
        return self._each(lambda block: block.whiten, lambda block: block.size, x)

    def restricted(self, available: Bool[Array, " size"]) -> AbstractCovariance:
        """The blocks, each restricted to its available part."""
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
