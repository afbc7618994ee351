"""When least squares are solved: the residuals are orthogonal to everything J can reach.

At a minimum Jᵀr = 0: the projection P r of the residuals onto the range of J vanishes. ‖P r‖ is in
the units of the residuals whatever the units of the unknowns; it is what a full Gauss–Newton step
would still remove. It is compared with ‖r‖ + ‖J u‖, the size of residuals and of the prediction
that they are the small difference of, so that exact fits (r → 0) can converge too:

    relative offset = ‖P r‖ / (‖r‖ + ‖J u‖).

Unlike a test of the step's length, it cannot be passed by a step that damping or a line search made
short.

Source: Bates and Watts 1981, A relative offset orthogonality convergence criterion for nonlinear
least squares, doi 10.1080/00401706.1981.10486257 (there without ‖J u‖).
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

# Rounding in a model's prediction is a few units in the last place; this many are allowed for.
ROUNDING_UNITS = 10


class Optimality(eqx.Module):
    """How far a point is from a minimum.

    Attributes:
        offset: ‖P r‖.
        size: ‖r‖ + ‖J u‖.
        rounding: the change of the loss that cannot be told from rounding.
        precision: the smallest relative offset that rounding lets one hope for.
    """

    offset: Float[Array, ""]
    size: Float[Array, ""]
    rounding: Float[Array, ""]
    precision: Float[Array, ""]

    def __init__(
        self,
        offset: Float[Array, ""],
        residuals: Float[Array, " m"],
        prediction: Float[Array, " m"],
    ):
        norm = jnp.linalg.norm(residuals)
        self.offset = offset
        self.size = norm + jnp.linalg.norm(prediction)
        epsilon = jnp.finfo(residuals.dtype).eps
        self.precision = jnp.asarray(ROUNDING_UNITS * epsilon, residuals.dtype)
        # An error ε‖y‖ in r = prediction − y changes ½‖r‖² by ε‖y‖‖r‖.
        self.rounding = self.precision * norm * self.size

    @property
    def relative(self) -> Float[Array, ""]:
        """‖P r‖ / (‖r‖ + ‖J u‖), and 0 for 0 / 0."""
        return self.offset / jnp.where(self.size > 0, self.size, 1)

    def reached(
        self, rtol: float | Float[Array, ""], atol: float | Float[Array, ""]
    ) -> Bool[Array, ""]:
        """‖P r‖ ≤ atol + rtol (‖r‖ + ‖J u‖), with rtol no smaller than rounding allows."""
        dtype = self.size.dtype
        relative = jnp.maximum(self.precision, jnp.asarray(rtol, dtype))
        return self.offset <= jnp.asarray(atol, dtype) + relative * self.size

    def flat(self, gradient: Float[Array, " n"], lengths: Float[Array, " n"]) -> Bool[Array, ""]:
        """‖D⁻¹ Jᵀr‖ ≤ √ε (‖r‖ + ‖J u‖), where D are the greatest lengths of J's columns so far.

        What P r does not see: a column of J that vanishes at the minimum, as that of an unknown on
        a bound does. Alone it says little, since a column may have been long only at the start.
        """
        epsilon = jnp.finfo(gradient.dtype).eps
        return jnp.linalg.norm(gradient / lengths) <= epsilon**0.5 * self.size

    def exhausted(self, loss: Float[Array, ""], loss_after: Float[Array, ""]) -> Bool[Array, ""]:
        """The loss did not decrease, and the decrease to be had is below rounding."""
        return (loss_after >= loss) & (self.offset**2 / 2 <= self.rounding)
