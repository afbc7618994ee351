"""The interface of spaces."""

import abc

import equinox as eqx
from jaxtyping import Array, Float


class AbstractSpace(eqx.Module):
    """Where a parameter lies, and a bijection x = f(z) onto it from all of ℝᵈ.

    Attributes:
        shape: the shape of z.

    Law: if z has the density p(f(z)) |det f′(z)|, then x has the density p.
    """

    shape: eqx.AbstractVar[tuple[int, ...]]

    @abc.abstractmethod
    def __call__(self, z: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, ""]]:
        """x = f(z), and log |det f′(z)|."""

    @abc.abstractmethod
    def inverse(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """z, of which f makes x."""
