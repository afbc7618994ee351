"""Ordinary least squares by Householder QR, and the classical statistics of a fit.

With the design X (n points, p terms), the response y and X = Q R, the coefficients are those of
R β = Qᵀ y. The normal matrix XᵀX is never formed: its condition number is the square of that of X,
which costs half of the digits. (XᵀX)⁻¹ = R⁻¹ R⁻ᵀ, so the square roots of its diagonal are the norms
of the rows of R⁻¹ (`determination_of`).

Source: Å. Björck, Numerical Methods for Least Squares Problems, SIAM (1996), sections 1.3 and 2.4,
doi:10.1137/1.9781611971484.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Bool, Float

from ._determined import Determination, determination_of, power_of_two


def predictions_of(
    design: Float[Array, "points terms"], coefficients: Float[Array, " terms"]
) -> Float[Array, " points"]:
    """X β, in the full precision of the dtype on every device."""
    # As β Xᵀ, which XLA runs over neighbouring points. By default, GPUs and TPUs round the factors
    # of a float32 product to fewer digits.
    return jnp.matmul(coefficients, design.T, precision="highest")


def coefficients_of(
    design: Float[Array, "points terms"], response: Float[Array, " points"]
) -> Float[Array, " terms"]:
    """The coefficients β with the smallest ‖X β − y‖.

    The QR decomposition of X with y as a further column holds R and Qᵀ y, so Q is never needed.
    """
    terms = design.shape[1]
    augmented = jnp.concatenate([design, response[:, None]], axis=1)
    triangle = jnp.linalg.qr(augmented, mode="r")
    return solve_triangular(triangle[:terms, :terms], triangle[:terms, terms])


class Statistics(NamedTuple):
    """The statistics of a fit.

    Attributes:
        residual_sum_of_squares: RSS = ‖y − X β‖².
        residual_standard_deviation: s = √(RSS / (n − p)), in units of the response, p the number of
            terms that are free.
        standard_errors: s √diag((XᵀX)⁻¹), in units of the coefficients.
        r_squared: 1 − RSS / TSS, where TSS is the sum of squares of the response about its mean,
            or about zero if the model has no intercept.
        explained_ratio: (TSS − RSS) / RSS.
        log_variance: log(RSS / n).
        determination: how the design determines the coefficients.
    """

    residual_sum_of_squares: Float[Array, ""]
    residual_standard_deviation: Float[Array, ""]
    standard_errors: Float[Array, " terms"]
    r_squared: Float[Array, ""]
    explained_ratio: Float[Array, ""]
    log_variance: Float[Array, ""]
    determination: Determination

    def metrics(self) -> dict[str, Array]:
        """The first four, by name."""
        return dict(zip(self._fields[:4], self[:4], strict=True))


def statistics_of(
    design: Float[Array, "points terms"],
    response: Float[Array, " points"],
    coefficients: Float[Array, " terms"],
    *,
    constant: Float[Array, " points"] | None,
    held: Bool[Array, " terms"] | None = None,
) -> Statistics:
    """The statistics of any coefficients, those of least squares or others.

    Arguments:
        design: X, more points than terms.
        response: y.
        coefficients: β.
        constant: the column of the intercept; None if the model has none.
        held: which coefficients were held; None for none.
    """
    # The squares of very small numbers are zero, those of very large ones infinite.
    unit = power_of_two(jnp.max(jnp.abs(response)))
    residuals = (response - predictions_of(design, coefficients)) / unit
    residual_sum = jnp.sum(jnp.square(residuals))
    determination = determination_of(design, held)
    total = total_sum_of_squares(response / unit, constant)
    freedom = response.size - (design.shape[1] if held is None else determination.rank)
    deviation = unit * jnp.sqrt(residual_sum / jnp.asarray(freedom, unit.dtype))
    errors = jnp.where(determination.held, 0, deviation * determination.relative_deviations)
    return Statistics(
        residual_sum_of_squares=residual_sum * unit * unit,
        residual_standard_deviation=deviation,
        standard_errors=errors,
        r_squared=1 - residual_sum / total,
        explained_ratio=(total - residual_sum) / residual_sum,
        log_variance=jnp.log(residual_sum / response.size) + 2 * jnp.log(unit),
        determination=determination,
    )


def total_sum_of_squares(
    response: Float[Array, " points"], constant: Float[Array, " points"] | None
) -> Float[Array, ""]:
    """TSS: the sum of squares of the response about its mean, or about zero without intercept.

    Arguments:
        response: y.
        constant: the column of the intercept, ones if all observations count the same; None if the
            model has none.
    """
    if constant is None:
        return jnp.sum(jnp.square(response))
    mean = jnp.sum(constant * response) / jnp.sum(jnp.square(constant))
    return jnp.sum(jnp.square(response - mean * constant))
