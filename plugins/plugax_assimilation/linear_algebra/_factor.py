"""The factor with which an analysis and its diagnostics invert the same matrix."""

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from ._rotation import reflect


class Factor(eqx.Module):
    """The Cholesky factor of the smaller of two matrices, and its inverse.

    L Lᵀ = I + Z Zᵀ / (N − 1),  Z = P Y,  or Z = Yᵀ if there are fewer observations than members

    The reflection P takes the mean to the first axis, which L then does not change.

    Attributes:
        whole: Z.
        lower: L.
        inverse: L⁻¹.
        by_members: whether the size of L is the number of members.
    """

    whole: Float[Array, "size others"]
    lower: Float[Array, "size size"]
    inverse: Float[Array, "size size"]
    by_members: bool = eqx.field(static=True)

    def __init__(self, anomalies: Float[Array, "members observed"]):
        members, observed = anomalies.shape
        self.by_members = members <= observed
        self.whole = reflect(anomalies) if self.by_members else anomalies.T
        identity = jnp.eye(len(self.whole), dtype=self.whole.dtype)
        self.lower = jnp.linalg.cholesky(self.whole @ self.whole.T / (members - 1) + identity)
        self.inverse = solve_triangular(self.lower, identity, lower=True)
