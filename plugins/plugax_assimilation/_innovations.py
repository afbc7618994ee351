"""Whether innovations are as large as ensemble and observation errors say; what they tell.

All of it is in whitened observation space: R = I, HPHᵀ = YᵀY / (N − 1), d the innovation. Missing
observations are zeros of d and Y, and add nothing to any sum.
"""

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve, solve_triangular
from jaxtyping import Array, Float

from plugax import AbstractStateSpace, Cycle

from ._ensemble import Ensemble, Seen, see
from ._rotation import reflected


class Factor(eqx.Module):
    """A Cholesky factor from which inverses are had, of the smaller one of two matrices.

    L Lᵀ = I + Z Zᵀ / (N − 1),  Z = P Y,  or Z = Yᵀ where observations are fewer than members

    The reflection P changes nothing here. But the ETKF factorises the same matrix, and where two
    do the same, the compiler does it once.

    Attributes:
        whole: Z.
        lower: L.
        by_members: whether the size of L is the number of members.
    """

    whole: Float[Array, "size others"]
    lower: Float[Array, "size size"]
    by_members: bool = eqx.field(static=True)

    def __init__(self, seen: Seen):
        members, observed = seen.anomalies.shape
        self.by_members = members <= observed
        self.whole = reflected(seen.anomalies) if self.by_members else seen.anomalies.T
        identity = jnp.eye(len(self.whole), dtype=self.whole.dtype)
        self.lower = jnp.linalg.cholesky(self.whole @ self.whole.T / (members - 1) + identity)


def chi_squared(seen: Seen, factor: Factor) -> Float[Array, ""]:
    """dᵀ (I + HPHᵀ)⁻¹ d over the number of observations; 1 where there is none.

    Law: its expectation is 1 where truth and members are drawn from the same normal distribution
    and N is large.
    """
    members = len(seen.anomalies)
    if factor.by_members:
        # min over w of ‖d − Zᵀw‖² + (N − 1)‖w‖²: no difference of large numbers, as in ‖d‖² − …
        weights = cho_solve((factor.lower, True), factor.whole @ seen.innovation) / (members - 1)
        left = seen.innovation - weights @ factor.whole
        total = jnp.sum(jnp.square(left)) + (members - 1) * jnp.sum(jnp.square(weights))
    else:
        half = solve_triangular(factor.lower, seen.innovation, lower=True)
        total = jnp.sum(jnp.square(half))
    return _ratio(total, seen.count.astype(total.dtype))


def desroziers(
    problem: AbstractStateSpace, cycle: Cycle, posterior: Ensemble, seen: Seen
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Variances of observation and background errors that the residuals show, over those assumed.

    d_a · d / p  and  (d − d_a) · d / tr HPHᵀ,  d_a = R^{-½} (y − mean H(x_a)), p observations

    Laws: the expectation of both is 1 where R and HPHᵀ are right and the analysis is the optimal
    one; the first is `chi_squared` where the analysis is a Kalman filter's with the ensemble's
    covariance and H is linear; 1 where there is no observation.

    Source: G. Desroziers, L. Berre, B. Chapnik and P. Poli, Quart. J. R. Meteor. Soc. 131 (2005),
    doi 10.1256/qj.05.108.
    """
    after = see(problem, posterior, cycle).innovation
    variances = jnp.sum(jnp.square(seen.anomalies), 0) / (len(seen.anomalies) - 1)
    return (
        _ratio(after @ seen.innovation, seen.count.astype(after.dtype)),
        _ratio((seen.innovation - after) @ seen.innovation, jnp.sum(variances)),
    )


def degrees_of_freedom_for_signal(factor: Factor) -> Float[Array, ""]:
    """How many numbers were learnt: tr HK = Σ λ / (λ + N − 1), λ the eigenvalues of Y Yᵀ.

    Law: it lies from 0 to the number of observations, and below N.

    Source: C. D. Rodgers, Inverse Methods for Atmospheric Sounding (2000), doi 10.1142/3171; C.
    Cardinali, S. Pezzulli and E. Andersson, Quart. J. R. Meteor. Soc. 130 (2004),
    doi 10.1256/qj.03.205.
    """
    # tr HK = tr (I − A⁻¹), A = L Lᵀ.
    identity = jnp.eye(len(factor.lower), dtype=factor.lower.dtype)
    inverse = solve_triangular(factor.lower, identity, lower=True)
    return jnp.sum(1 - jnp.sum(jnp.square(inverse), 0))


def _ratio(found: Float[Array, ""], expected: Float[Array, ""]) -> Float[Array, ""]:
    """What was found over what was expected; 1 where nothing is expected."""
    known = expected > 0
    return jnp.where(known, found / jnp.where(known, expected, 1), 1)
