"""Statistics of innovations: whether they agree with the errors of ensemble and observations.

Everything is in whitened observation space: R = I, HPHᵀ = YᵀY / (N − 1), d the innovation. Missing
observations are zeros in d and Y, and add nothing to any sum.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from .._ensemble import ObservedEnsemble
from ..linear_algebra._factor import Factor


def chi_squared(seen: ObservedEnsemble, factor: Factor) -> Float[Array, ""]:
    """dᵀ (I + HPHᵀ)⁻¹ d over the number of observations; 1 without observations.

    Law: its expectation is 1 if truth and members are drawn from the same distribution, H is linear
    and N is large.
    """
    members, inverse = len(seen.anomalies), factor.inverse
    if factor.by_members:
        # min over w of ‖d − Zᵀw‖² + (N − 1)‖w‖² avoids the difference of large numbers in ‖d‖² − …
        weights = (inverse @ (factor.whole @ seen.innovation)) @ inverse / (members - 1)
        left = seen.innovation - weights @ factor.whole
        total = jnp.sum(jnp.square(left)) + (members - 1) * jnp.sum(jnp.square(weights))
    else:
        total = jnp.sum(jnp.square(inverse @ seen.innovation))
    return _ratio(total, seen.count.astype(total.dtype))


def desroziers(
    seen: ObservedEnsemble, residual: Float[Array, " observed"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Variances of observation and background errors from the residuals, over those assumed.

    d_a · d / p  and  (d − d_a) · d / tr HPHᵀ,  p observations

    Arguments:
        seen: the forecast in the space of the observations.
        residual: d_a = R^{-½} (y − mean H(x_a)), the innovation that remains after the analysis.

    Laws: the expectation of both is 1 if R and HPHᵀ are right and the analysis is optimal; the
    first is `chi_squared` if the analysis is that of a Kalman filter with the ensemble's covariance
    and H is linear; 1 without observations.

    Source: G. Desroziers, L. Berre, B. Chapnik and P. Poli, Quart. J. R. Meteor. Soc. 131 (2005),
    doi 10.1256/qj.05.108.
    """
    variances = jnp.sum(jnp.square(seen.anomalies), 0) / (len(seen.anomalies) - 1)
    return (
        _ratio(residual @ seen.innovation, seen.count.astype(residual.dtype)),
        _ratio((seen.innovation - residual) @ seen.innovation, jnp.sum(variances)),
    )


def degrees_of_freedom_for_signal(factor: Factor) -> Float[Array, ""]:
    """How many numbers were learnt: tr HK = Σ λ / (λ + N − 1), λ the eigenvalues of Y Yᵀ.

    Law: it is at least 0, at most the number of observations, and below N.

    Source: C. D. Rodgers, Inverse Methods for Atmospheric Sounding (2000), doi 10.1142/3171; C.
    Cardinali, S. Pezzulli and E. Andersson, Quart. J. R. Meteor. Soc. 130 (2004),
    doi 10.1256/qj.03.205.
    """
    # tr HK = tr (I − A⁻¹), A = L Lᵀ.
    return jnp.sum(1 - jnp.sum(jnp.square(factor.inverse), 0))


def _ratio(found: Float[Array, ""], expected: Float[Array, ""]) -> Float[Array, ""]:
    """The actual over the expected value; 1 if nothing is expected."""
    known = expected > 0
    return jnp.where(known, found / jnp.where(known, expected, 1), 1)
