"""When least squares are solved: the residuals are orthogonal to everything J can reach.

At a minimum Jᵀr = 0: the projection P r of the residuals onto the range of J vanishes. ‖P r‖ is in
the units of the residuals whatever the units of the unknowns; it is what a full Gauss–Newton step
would still remove. It is compared with ‖r‖ + ‖J u‖, the size of residuals and of the prediction
that they are the small difference of, so that exact fits (r → 0) can converge too:

    relative offset = ‖P r‖ / (‖r‖ + ‖J u‖).

Unlike a test of the step's length, it cannot be passed by a step that damping or a line search made
short.

Where J has not full rank, P r says nothing: in a direction that J hardly reaches, a linear model
goes far for a gain that is not there; and where the residuals stay large, its steps may come to no
end. So when the loss has not decreased but by rounding for some steps, the Hessian is asked
(`_newton_step.py`), which knows the curvature of the residuals as well, and Newton's step is taken.

Source: Bates and Watts 1981, A relative offset orthogonality convergence criterion for nonlinear
least squares, doi 10.1080/00401706.1981.10486257 (there without ‖J u‖).
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ._box import Room
from ._newton_step import NewtonStep, ask_hessian
from ._vector import ResidualFunction

# Rounding in a model's prediction is a few units in the last place; this many are allowed for.
ROUNDING_UNITS = 10
# From so many steps on that have not decreased the loss but by rounding, the Hessian is asked;
# after so many, a run has stalled.
ASKING_IDLE, MOST_IDLE = 3, 5


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

    def exhausted(
        self, loss: Float[Array, ""], loss_after: Float[Array, ""], idle: Int[Array, ""]
    ) -> Bool[Array, ""]:
        """The decrease to be had is below rounding, and the loss did not decrease.

        Arguments:
            loss: before the step.
            loss_after: after it.
            idle: the steps since it decreased by more than rounding.
        """
        ended = (loss_after >= loss) | (idle >= ASKING_IDLE)
        return ended & (self.offset**2 / 2 <= self.rounding)

    def count_idle(
        self,
        idle: Int[Array, ""],
        mark: Float[Array, ""],
        loss: Float[Array, ""],
        loss_after: Float[Array, ""],
    ) -> tuple[Int[Array, ""], Float[Array, ""]]:
        """The steps since the loss decreased by more than rounding in all, and what it was then.

        Arguments:
            idle: those before this step.
            mark: the loss after the last step that counted.
            loss: before this step.
            loss_after: after it.
        """
        mark = jnp.where(jnp.isfinite(mark), mark, loss)
        # A step that increases it is taken only where something else is gained.
        gained = jnp.abs(mark - loss_after) > self.rounding
        return jnp.where(gained, 0, idle + 1), jnp.where(gained, loss_after, mark)

    def confirmed(
        self,
        idle: Int[Array, ""],
        function: ResidualFunction,
        vector: Float[Array, " n"],
        gradient: Float[Array, " n"],
        reach: Float[Array, " n"],
        held: Bool[Array, " n"],
        room: Room,
        moved: Float[Array, " n"],
    ) -> tuple[Bool[Array, ""], Float[Array, " n"]]:
        """Whether the Hessian, asked after some idle steps, finds a minimum up to rounding.

        With it comes where to go: by Newton's step, if the loss allows that, for the last digits,
        which it does not show any more, or since the linear model has led to no end.

        Arguments:
            idle: the steps since the loss decreased by more than rounding.
            function: the residuals.
            vector: u.
            gradient: g of the loss there, zero along what is held.
            reach: the greatest |u| so far.
            held: which unknowns are held on a bound.
            room: where the unknowns may be.
            moved: where the method itself would go.
        """

        def half_squares(there: Float[Array, " n"]) -> tuple[Float[Array, ""], None]:
            residuals, _ = function(jnp.where(held, vector, there))
            return residuals @ residuals / 2, None

        def judge(newton: NewtonStep) -> tuple[Bool[Array, ""], Float[Array, " n"]]:
            there = room.move(vector, newton.step, held)
            loss, loss_there = half_squares(vector)[0], half_squares(there)[0]
            small = newton.is_small(vector, reach, loss, rtol=0.0, atol=self.rounding)
            taken = newton.convex & (loss_there <= loss + self.rounding)
            return newton.convex & small, jnp.where(taken, there, moved)

        far = jnp.full_like(self.size, jnp.inf)
        return ask_hessian(
            idle >= ASKING_IDLE,
            half_squares,
            vector,
            gradient,
            judge,
            unasked=(jnp.asarray(False), moved),
            unknown=NewtonStep(gradient, far, jnp.asarray(False), jnp.ones_like(gradient)),
        )


def is_felt(
    lengths: Float[Array, " n"], reach: Float[Array, " n"], loss: Float[Array, ""]
) -> Bool[Array, " n"]:
    """Whether to change an unknown by as much as it has been changes the loss beyond rounding.

    Arguments:
        lengths: the square root of the curvature along every unknown; the length of its column of
            J.
        reach: the greatest |u| so far.
        loss: f.
    """
    return jnp.square(lengths * reach) > jnp.finfo(loss.dtype).eps * jnp.abs(loss)


def is_lost(
    now: Float[Array, " n"],
    greatest: Float[Array, " n"],
    reach: Float[Array, " n"],
    loss: Float[Array, ""],
) -> Bool[Array, ""]:
    """Whether the loss does not depend any more on an unknown that it depended on.

    That is the end of a plateau, where gradient and curvature vanish together.

    Arguments:
        now: as `lengths` of `is_felt`.
        greatest: the greatest that has been.
        reach: the greatest |u| so far.
        loss: f.
    """
    return jnp.any(is_felt(greatest, reach, loss) & ~is_felt(now, reach, loss))
