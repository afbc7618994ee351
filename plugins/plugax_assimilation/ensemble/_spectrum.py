"""Functions of Y Yᵀ + ζ I, by the eigenvalues of the smaller of Y Yᵀ and YᵀY.

With YᵀY = U diag(s) Uᵀ and W = Y U, whose columns have the squared length s,

    (Y Yᵀ + ζ I)^{-½} √ζ = I + W diag(g(s/ζ) / ζ) Wᵀ,    g(r) = −1 / (√(1 + r) (1 + √(1 + r)))

without division by small numbers. If there are no more members than observations, Y Yᵀ is
decomposed instead.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._ensemble import Ensemble, ObservedEnsemble


class Spectrum(eqx.Module):
    """The eigenvalues of an ensemble in the space of the observations.

    Attributes:
        values: s, the eigenvalues of Y Yᵀ and of YᵀY, without the extra zeros of the larger matrix.
        vectors: W; orthonormal if Y Yᵀ was decomposed, of squared length s otherwise.
        innovation: b, with (Y Yᵀ + ζ I)⁻¹ Y d = W (b / (s + ζ)).
        by_member: whether Y Yᵀ was decomposed.
    """

    values: Float[Array, " rank"]
    vectors: Float[Array, "members rank"]
    innovation: Float[Array, " rank"]
    by_member: bool = eqx.field(static=True)

    def weights(self, zeta: Float[Array, ""]) -> Float[Array, " members"]:
        """W = (Y Yᵀ + ζ I)⁻¹ Y d."""
        return self.vectors @ (self.innovation / (self.values + zeta))

    def squared_weights(self) -> Float[Array, " rank"]:
        """c, with ‖w‖² = Σ c / (s + ζ)²."""
        square = jnp.square(self.innovation)
        return square if self.by_member else square * self.values

    def transform(self, anomalies: Ensemble, zeta: Float[Array, ""]) -> Ensemble:
        """(Y Yᵀ + ζ I)^{-½} √ζ A."""
        vectors = self.vectors
        root = jnp.sqrt(1 + self.values / zeta)
        if self.by_member:
            return ((vectors / root[None, :]) @ vectors.T) @ anomalies
        change = -1 / (zeta * root * (1 + root))
        return anomalies + (vectors * change[None, :]) @ (vectors.T @ anomalies)

    def inverse_transform(self, anomalies: Ensemble, zeta: Float[Array, ""]) -> Ensemble:
        """(Y Yᵀ + ζ I)^½ A / √ζ, the inverse of `transform`."""
        vectors = self.vectors
        root = jnp.sqrt(1 + self.values / zeta)
        if self.by_member:
            return ((vectors * root[None, :]) @ vectors.T) @ anomalies
        change = 1 / (zeta * (1 + root))
        return anomalies + (vectors * change[None, :]) @ (vectors.T @ anomalies)


def spectrum(seen: ObservedEnsemble) -> Spectrum:
    """The eigenvalues and vectors of the smaller matrix."""
    y, innovation = seen.anomalies, seen.innovation
    by_member = y.shape[0] <= y.shape[1]
    values, vectors = jnp.linalg.eigh(y @ y.T if by_member else y.T @ y)
    values = jnp.maximum(values, 0)  # rounding may leave a zero below it
    if by_member:
        return Spectrum(values, vectors, (y @ innovation) @ vectors, by_member)
    return Spectrum(values, y @ vectors, innovation @ vectors, by_member)
