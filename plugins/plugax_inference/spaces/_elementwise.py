"""Spaces of numbers that do not depend on each other."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._space import AbstractSpace


class Real(AbstractSpace):
    """All real numbers: x = z.

    Arguments:
        shape: of the array; () for a number.
    """

    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def __call__(self, z: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, ""]]:
        """x, and 0."""
        return z, jnp.zeros((), z.dtype)

    def inverse(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """x."""
        return x


class Positive(AbstractSpace):
    """Positive numbers: x = exp z.

    Arguments:
        shape: of the array; () for a number.
    """

    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def __call__(self, z: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, ""]]:
        """x, and Σ z."""
        return jnp.exp(z), jnp.sum(z)

    def inverse(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """The logarithm."""
        return jnp.log(x)


class Interval(AbstractSpace):
    """Numbers between two bounds: x = a + (b − a) σ(z), with the logistic function σ.

    Arguments:
        lower: a.
        upper: b.
        shape: of the array; () for a number.

    Errors: `ValueError` if a is not below b.
    """

    lower: float
    upper: float
    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def __check_init__(self):
        if isinstance(self.lower, float | int) and not self.lower < self.upper:
            raise ValueError(f"lower must be below upper; got {self.lower} and {self.upper}.")

    def __call__(self, z: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, ""]]:
        """x, and Σ log((b − a) σ(z) σ(−z))."""
        width = self.upper - self.lower
        slopes = jax.nn.log_sigmoid(z) + jax.nn.log_sigmoid(-z) + jnp.log(width)
        return self.lower + width * jax.nn.sigmoid(z), jnp.sum(slopes)

    def inverse(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """The logit of the position between the bounds."""
        return jnp.log(x - self.lower) - jnp.log(self.upper - x)
