"""How well residuals determine parameters, to first order in the parameters' errors.

With r the residuals at the minimum, J = ∂r/∂θ, m residuals and n parameters, the covariance of the
parameters is s² (JᵀJ)⁻¹, where s² = ‖r‖² / (m − n) is the variance of the residuals.

Source: Bates and Watts 1988, Nonlinear Regression Analysis and Its Applications, section 2.1,
doi 10.1002/9780470316757.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._ordinary import inverse_root


class Uncertainty(NamedTuple):
    """What the residuals say of the parameters.

    Attributes:
        sum_of_squares: ‖r‖².
        deviation: s, infinite where no degree of freedom is left.
        degrees_of_freedom: m − n.
        scale: s, or 1 where the residuals are in units of known standard deviations.
        root: W with W Wᵀ = (JᵀJ)⁻¹; not finite where J has not full rank.
    """

    sum_of_squares: Float[Array, ""]
    deviation: Float[Array, ""]
    degrees_of_freedom: int
    scale: Float[Array, ""]
    root: Float[Array, "n n"]

    @property
    def standard_deviations(self) -> Float[Array, " n"]:
        """The square roots of the covariance's diagonal, infinite where it is not finite."""
        deviations = self.scale * jnp.linalg.norm(self.root, axis=1)
        return jnp.where(jnp.isfinite(deviations), deviations, jnp.inf)

    @property
    def covariance(self) -> Float[Array, "n n"]:
        """The scale's square times (JᵀJ)⁻¹."""
        return self.scale**2 * jnp.matmul(self.root, self.root.T, precision="highest")


def uncertainty_of(
    function: Callable[[Float[Array, " n"]], Float[Array, " m"]],
    vector: Float[Array, " n"],
    *,
    absolute: bool,
) -> Uncertainty:
    """The uncertainty of the parameters at their best values.

    Arguments:
        function: the residuals of the parameters.
        vector: the parameters.
        absolute: whether the residuals are in units of known standard deviations.
    """
    residuals = function(vector)
    squares = jnp.sum(jnp.square(residuals))
    freedom = residuals.size - vector.size
    deviation = jnp.sqrt(squares / freedom) if freedom else jnp.full_like(squares, jnp.inf)
    return Uncertainty(
        sum_of_squares=squares,
        deviation=deviation,
        degrees_of_freedom=freedom,
        scale=jnp.ones_like(deviation) if absolute else deviation,
        root=inverse_root(jax.jacfwd(function)(vector)),
    )
