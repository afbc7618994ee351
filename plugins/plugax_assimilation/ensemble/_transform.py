"""Transforms T of an ensemble, as matrices or as changes of low rank."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._spectrum import Spectrum


class AbstractTransform(eqx.Module):
    """The transform T of an analysis, and its inverse."""

    @abc.abstractmethod
    def apply(self, rows: Float[Array, "members columns"]) -> Float[Array, "members columns"]:
        """T A."""

    @abc.abstractmethod
    def undo(self, rows: Float[Array, "members columns"]) -> Float[Array, "members columns"]:
        """T⁻¹ A."""


class Dense(AbstractTransform):
    """T and T⁻¹ as matrices, for at most as many members as observations."""

    matrix: Float[Array, "members members"]
    inverse: Float[Array, "members members"]

    def apply(self, rows: Float[Array, "members columns"]) -> Float[Array, "members columns"]:
        """T A."""
        return self.matrix @ rows

    def undo(self, rows: Float[Array, "members columns"]) -> Float[Array, "members columns"]:
        """T⁻¹ A."""
        return self.inverse @ rows


class LowRank(AbstractTransform):
    """T = λ (Y Yᵀ + ζ I)^{-½} √ζ for fewer observations than members, with memory linear in N."""

    spectrum: Spectrum
    zeta: Float[Array, ""]
    inflation: Float[Array, ""]

    def apply(self, rows: Float[Array, "members columns"]) -> Float[Array, "members columns"]:
        """T A."""
        return self.inflation * self.spectrum.transform(rows, self.zeta)

    def undo(self, rows: Float[Array, "members columns"]) -> Float[Array, "members columns"]:
        """T⁻¹ A."""
        return self.spectrum.inverse_transform(rows, self.zeta) / self.inflation


def transform_of(
    spectrum: Spectrum, zeta: Float[Array, ""], inflation: Float[Array, ""]
) -> AbstractTransform:
    """T = λ (Y Yᵀ + ζ I)^{-½} √ζ, in the form that needs less memory."""
    low_rank = LowRank(spectrum, zeta, inflation)
    if not spectrum.by_member:
        return low_rank
    identity = jnp.eye(len(spectrum.vectors), dtype=spectrum.vectors.dtype)
    return Dense(low_rank.apply(identity), low_rank.undo(identity))


def no_transform(members: int, observed: int, dtype: jnp.dtype) -> AbstractTransform:
    """T = I, with the structure of the transforms of analyses."""
    if members <= observed:
        identity = jnp.eye(members, dtype=dtype)
        return Dense(identity, identity)
    nothing, one = jnp.zeros(observed, dtype), jnp.ones((), dtype)
    spectrum = Spectrum(nothing, jnp.zeros((members, observed), dtype), nothing, False)
    return LowRank(spectrum, one, one)
