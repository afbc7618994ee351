"""A root of (I + Y Yᵀ / (N − 1))⁻¹ from a Cholesky factor, quicker than from eigenvectors."""

from typing import NamedTuple

from jaxtyping import Array, Float

from .._ensemble import ObservedEnsemble
from ..linear_algebra._rotation import reflect


class Triangular(NamedTuple):
    """An analysis by weights.

    Attributes:
        weights: w = (Y Yᵀ + (N − 1) I)⁻¹ Y d, of the mean.
        transform: T = P L⁻¹ P, of the anomalies.
        inverse: T⁻¹ = P L P.
    """

    weights: Float[Array, " members"]
    transform: Float[Array, "members members"]
    inverse: Float[Array, "members members"]


def triangular(seen: ObservedEnsemble) -> Triangular:
    """The analysis if members do not outnumber observations, L Lᵀ = P (I + Y Yᵀ / (N − 1)) P.

    The reflection P takes the mean to the first axis, which L and its inverse do not change. So the
    mean is kept, T 1 = 1, and Tᵀ T = (I + Y Yᵀ / (N − 1))⁻¹.
    """
    factor = seen.factor
    innovation = factor.whole @ seen.innovation / (len(seen.anomalies) - 1)
    weights = (factor.inverse @ innovation) @ factor.inverse
    return Triangular(
        weights=reflect(weights[:, None])[:, 0],
        transform=_between_reflections(factor.inverse),
        inverse=_between_reflections(factor.lower),
    )


def _between_reflections(matrix: Float[Array, "size size"]) -> Float[Array, "size size"]:
    return reflect(reflect(matrix).T).T
