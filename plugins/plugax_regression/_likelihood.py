"""The likelihood of a fit, and criteria that relate it to the number of parameters.

With n observations, normal errors of covariance σ² Σ, Σ = L Lᵀ, and the whitened residuals L⁻¹ r,
the largest log-likelihood is, if σ² is estimated (by ‖L⁻¹ r‖² / n),

    ℓ = −(n/2) (log 2π + 1 + log(‖L⁻¹ r‖² / n)) − log |L|,

and if σ = 1 is known, −½ ‖L⁻¹ r‖² − (n/2) log 2π − log |L|. With k parameters, an estimated σ being
one of them,

    AIC = 2 k − 2 ℓ,      BIC = k log n − 2 ℓ.

R's `AIC` and `BIC` of `lm` and `nls` are the first kind.

Source: Akaike 1974, doi 10.1109/TAC.1974.1100705; Schwarz 1978, doi 10.1214/aos/1176344136.
"""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def criteria_of(
    log_variance: Float[Array, ""] | None,
    sum_of_squares: Float[Array, ""],
    log_determinant: Float[Array, ""] | float,
    *,
    points: int,
    parameters: int | Int[Array, ""],
) -> dict[str, Array]:
    """`log_likelihood`, `aic` and `bic`.

    Arguments:
        log_variance: log(‖L⁻¹ r‖² / n); None if σ is known to be 1.
        sum_of_squares: ‖L⁻¹ r‖².
        log_determinant: log |L|.
        points: n.
        parameters: the number of estimated parameters, without σ.
    """
    dtype = sum_of_squares.dtype
    constant = math.log(2 * math.pi)
    if log_variance is None:
        likelihood = -sum_of_squares / 2 - points * constant / 2 - log_determinant
    else:
        likelihood = -points / 2 * (constant + 1 + log_variance) - log_determinant
    count = jnp.asarray(parameters, dtype) + int(log_variance is not None)
    return {
        "log_likelihood": likelihood,
        "aic": 2 * count - 2 * likelihood,
        "bic": math.log(points) * count - 2 * likelihood,
    }
