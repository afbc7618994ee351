"""Whether terms matter: Student's t for each of them, Fisher's F for all of them together.

    t = β / standard error,      P(|T| > |t|) = I(ν / (ν + t²); ν/2, 1/2)
    F = ((TSS − RSS) / k) / s²,  P(F' > F)    = I(ν / (ν + k F); ν/2, k/2)

with ν = n − p degrees of freedom of the residuals, k those of the model (p, less one for an
intercept) and I the regularised incomplete beta function. Without a term beside the intercept there
is no F.

Source: Abramowitz and Stegun 1964, Handbook of Mathematical Functions, 26.6.2 and 26.7.1.
"""

import jax.numpy as jnp
from jax.scipy.special import betainc
from jaxtyping import Array, Float

from ._ordinary import Statistics


def significance_of(
    statistics: Statistics,
    coefficients: Float[Array, " terms"],
    total_sum_of_squares: Float[Array, ""],
    *,
    points: int,
    intercept: bool,
) -> dict[str, Array]:
    """`t_values`, `p_values`, `adjusted_r_squared`, `f_statistic` and `f_p_value`.

    Arguments:
        statistics: those of the coefficients.
        coefficients: β.
        total_sum_of_squares: TSS.
        points: n.
        intercept: whether the model has an intercept.
    """
    terms = coefficients.size
    freedom, explaining = points - terms, terms - intercept
    ratios = coefficients / statistics.standard_errors
    found = {
        "t_values": ratios,
        "p_values": _tail(jnp.square(ratios), 1, freedom),
        "adjusted_r_squared": 1 - (1 - statistics.r_squared) * (points - intercept) / freedom,
    }
    if explaining == 0:
        return found
    explained = (total_sum_of_squares - statistics.residual_sum_of_squares) / explaining
    ratio = explained / (statistics.residual_sum_of_squares / freedom)
    return {
        **found,
        "f_statistic": ratio,
        "f_p_value": _tail(jnp.maximum(ratio, jnp.zeros_like(ratio)), explaining, freedom),
    }


def _tail(ratio: Float[Array, "*shape"], one: int, other: int) -> Float[Array, "*shape"]:
    """The probability that an F with `one` and `other` degrees of freedom is above the ratio."""
    # Written so that an infinite ratio, as of an exact fit, gives zero.
    argument = 1 / (1 + ratio * one / other)
    return betainc(jnp.full_like(ratio, other / 2), jnp.full_like(ratio, one / 2), argument)
