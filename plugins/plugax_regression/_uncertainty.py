"""How well residuals determine parameters, to first order in the parameters' errors.

With r the residuals at the minimum, J = ∂r/∂θ, m residuals and J of rank k, the covariance of the
parameters is s² (JᵀJ)⁻¹, where s² = ‖r‖² / (m − k) is the variance of the residuals. For a robust
loss, κ takes the place of s (`spread_of`).

Source: Bates and Watts 1988, Nonlinear Regression Analysis and Its Applications, section 2.1,
doi 10.1002/9780470316757.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ._determined import Determination, determination_of
from ._robust import spread_of


class Uncertainty(NamedTuple):
    """The uncertainty of the parameters from the residuals.

    Attributes:
        sum_of_squares: ‖r‖².
        deviation: s, infinite without degrees of freedom; for a robust loss 1.4826 median |r|.
        log_variance: log(‖r‖² / m).
        degrees_of_freedom: m − k.
        scale: s, or 1 if the residuals are in units of known standard deviations, or κ.
        determination: how J determines the parameters.
    """

    sum_of_squares: Float[Array, ""]
    deviation: Float[Array, ""]
    log_variance: Float[Array, ""]
    degrees_of_freedom: Int[Array, ""]
    scale: Float[Array, ""]
    determination: Determination

    @property
    def standard_deviations(self) -> Float[Array, " n"]:
        """The square roots of the covariance's diagonal, 0 for held parameters."""
        deviations = self.scale * self.determination.relative_deviations
        deviations = jnp.where(jnp.isnan(deviations), jnp.inf, deviations)
        return jnp.where(self.determination.held, 0, deviations)

    @property
    def covariance(self) -> Float[Array, "n n"]:
        """The scale's square times (JᵀJ)⁻¹."""
        return self.determination.covariance(self.scale)


def uncertainty_of(
    function: Callable[[Float[Array, " n"]], Float[Array, " m"]],
    vector: Float[Array, " n"],
    *,
    held: Bool[Array, " n"] | None,
    absolute: bool,
    unit: float,
    robust: tuple[str, Float[Array, ""]] | None = None,
) -> Uncertainty:
    """The uncertainty of the parameters at their best values.

    Arguments:
        function: the residuals of the parameters, divided by `unit`.
        vector: the parameters.
        held: which parameters are held; None for none.
        absolute: whether the residuals are in units of known standard deviations.
        unit: the unit of the residuals.
        robust: the robust loss and its scale, divided by `unit`; None for squares.
    """
    residuals = function(vector)
    determination = determination_of(jax.jacfwd(function)(vector), held)
    squares = jnp.sum(jnp.square(residuals))
    freedom = residuals.size - determination.rank
    variance = squares / jnp.maximum(freedom, 1).astype(squares.dtype)
    deviation = jnp.where(freedom > 0, jnp.sqrt(variance), jnp.inf)
    scale = jnp.full_like(deviation, 1 / unit) if absolute else deviation
    if robust is not None:
        deviation, scale = spread_of(*robust, residuals, freedom)
    return Uncertainty(
        sum_of_squares=squares * unit * unit,
        deviation=deviation * unit,
        log_variance=jnp.log(squares / residuals.size) + 2 * math.log(unit),
        degrees_of_freedom=freedom,
        scale=scale,
        determination=determination,
    )
