"""Spaces of vectors whose elements depend on each other."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._space import AbstractSpace


class Ordered(AbstractSpace):
    """Increasing vectors: x₁ = z₁, xₖ = xₖ₋₁ + exp zₖ.

    Arguments:
        size: the number of elements.

    Errors: `ValueError` if it is less than 1.
    """

    size: int = eqx.field(static=True)

    def __check_init__(self):
        if self.size < 1:
            raise ValueError(f"size must be at least 1; got {self.size}.")

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The shape of z."""
        return (self.size,)

    def __call__(self, z: Float[Array, " n"]) -> tuple[Float[Array, " n"], Float[Array, ""]]:
        """x, and z₂ + … + zₙ."""
        return jnp.cumsum(jnp.concatenate([z[:1], jnp.exp(z[1:])])), jnp.sum(z[1:])

    def inverse(self, x: Float[Array, " n"]) -> Float[Array, " n"]:
        """The first element, and the logarithms of the differences."""
        return jnp.concatenate([x[:1], jnp.log(jnp.diff(x))])


class Simplex(AbstractSpace):
    """Vectors of K positive numbers with the sum 1, by breaking a stick of length 1.

    xₖ = rₖ σ(zₖ − log(K − k)), with what is left of the stick, rₖ = 1 − x₁ − … − xₖ₋₁; z = 0 is the
    middle. The density is that of x₁ … x_{K−1}. As in Stan (Stan Reference Manual, "Unit simplex").

    Arguments:
        size: K.

    Errors: `ValueError` if it is less than 2.
    """

    size: int = eqx.field(static=True)

    def __check_init__(self):
        if self.size < 2:
            raise ValueError(f"size must be at least 2; got {self.size}.")

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The shape of z."""
        return (self.size - 1,)

    def _offsets(self, dtype: np.dtype) -> Float[Array, " k"]:
        return jnp.log(jnp.arange(self.size - 1, 0, -1, dtype=dtype))

    def __call__(self, z: Float[Array, " k"]) -> tuple[Float[Array, " n"], Float[Array, ""]]:
        """x, and Σ log(σ(·) σ(−·) rₖ)."""
        shifted = z - self._offsets(z.dtype)
        broken, kept = jax.nn.log_sigmoid(shifted), jax.nn.log_sigmoid(-shifted)
        zero = jnp.zeros(1, z.dtype)
        left = jnp.concatenate([zero, jnp.cumsum(kept)])
        parts = jnp.exp(left + jnp.concatenate([broken, zero]))
        return parts, jnp.sum(broken + kept + left[:-1])

    def inverse(self, x: Float[Array, " n"]) -> Float[Array, " k"]:
        """The logits of the pieces."""
        left = jnp.cumsum(x[::-1])[::-1]
        return jnp.log(x[:-1]) - jnp.log(left[1:]) + self._offsets(x.dtype)
