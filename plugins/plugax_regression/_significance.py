"""Whether terms matter: Student's t for each of them, Fisher's F for all of them together.

    t = β / standard error,      P(|T| > |t|) = I(ν / (ν + t²); ν/2, 1/2)
    F = ((TSS − RSS) / k) / s²,  P(F' > F)    = I(ν / (ν + k F); ν/2, k/2)

with ν = n − p degrees of freedom of the residuals, k those of the model (p, less one for an
intercept) and I the regularised incomplete beta function. F is not defined if the intercept is the
only term.

Source: Abramowitz and Stegun 1964, Handbook of Mathematical Functions, 26.6.2 and 26.7.1.
"""

import jax.numpy as jnp
from jax.scipy.special import betainc
from jaxtyping import Array, Float, Int

from ._ordinary import Statistics

F_TEST = ("f_statistic", "f_p_value")


def significance_of(
    statistics: Statistics,
    coefficients: Float[Array, " terms"],
    *,
    points: int,
    free: int | Int[Array, ""],
    intercept: bool,
) -> dict[str, Array]:
    """`t_values`, `p_values`, `adjusted_r_squared`, `f_statistic` and `f_p_value`.

    Arguments:
        statistics: the statistics of the coefficients.
        coefficients: β.
        points: n.
        free: p, the number of coefficients that are not held.
        intercept: whether the model has an intercept.
    """
    dtype = coefficients.dtype
    freedom, explaining = (
        jnp.asarray(points - free, dtype),
        jnp.asarray(free - int(intercept), dtype),
    )
    ratios = coefficients / statistics.standard_errors
    unexplained = 1 - statistics.r_squared
    found = {
        "t_values": ratios,
        "p_values": p_values_of(ratios, freedom),
        "adjusted_r_squared": 1 - unexplained * (points - intercept) / freedom,
    }
    if coefficients.size == intercept:
        return found
    # (TSS − RSS) / RSS, free of the unit whose squares may not be representable.
    ratio = statistics.explained_ratio * freedom / explaining
    return {
        **found,
        "f_statistic": ratio,
        "f_p_value": _tail(jnp.maximum(ratio, jnp.zeros_like(ratio)), explaining, freedom),
    }


def p_values_of(
    ratios: Float[Array, "*shape"], freedom: Float[Array, ""]
) -> Float[Array, "*shape"]:
    """The probability that a T with ν degrees of freedom is farther from 0 than the t values."""
    return _tail(jnp.square(ratios), jnp.ones_like(freedom), freedom)


def _tail(
    ratio: Float[Array, "*shape"], one: Float[Array, ""], other: Float[Array, ""]
) -> Float[Array, "*shape"]:
    """The probability that an F with `one` and `other` degrees of freedom is above the ratio."""
    # Written so that an infinite ratio, as of an exact fit, gives zero.
    argument = 1 / (1 + ratio * one / other)
    spread = lambda freedom: jnp.broadcast_to(freedom / 2, jnp.shape(ratio))  # noqa: E731
    return betainc(spread(other), spread(one), argument)
