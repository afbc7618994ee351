"""When least squares are solved: the residuals are orthogonal to everything J can reach.

At a minimum Jᵀr = 0: the projection P r of the residuals onto the range of J vanishes. ‖P r‖ is in
the units of the residuals whatever the units of the unknowns; it is what a full Gauss–Newton step
would still remove. It is compared with ‖r‖ + ‖J u‖, the size of residuals and of the prediction
that they are the small difference of, so that exact fits (r → 0) can converge too:

    relative offset = ‖P r‖ / (‖r‖ + ‖J u‖).

Unlike a test of the step's length, it cannot be passed by a step that damping or a line search made
short.

If J does not have full rank, P r is no measure: in a direction with little effect on J u, a linear
model takes a long step for a gain that does not exist; and if the residuals stay large, its steps
may never end. So when the loss has decreased by rounding at most for some steps, the Hessian is
used (`_newton_step.py`), which includes the curvature of the residuals, and Newton's step is taken.

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
# After so many steps in which the loss decreased by rounding at most, the Hessian is used;
# after so many, a run has stalled.
ASKING_IDLE, MOST_IDLE = 3, 5


class Optimality(eqx.Module):
    """How far a point is from a minimum.

    Attributes:
        offset: ‖P r‖.
        size: ‖r‖ + ‖J u‖.
        rounding: the change of the loss that cannot be distinguished from rounding.
        precision: the smallest relative offset that rounding allows.
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

    def is_reached(
        self, rtol: float | Float[Array, ""], atol: float | Float[Array, ""]
    ) -> Bool[Array, ""]:
        """‖P r‖ ≤ atol + rtol (‖r‖ + ‖J u‖), with rtol no smaller than rounding allows."""
        dtype = self.size.dtype
        relative = jnp.maximum(self.precision, jnp.asarray(rtol, dtype))
        return self.offset <= jnp.asarray(atol, dtype) + relative * self.size

    def is_exhausted(
        self, loss: Float[Array, ""], loss_after: Float[Array, ""], idle: Int[Array, ""]
    ) -> Bool[Array, ""]:
        """Whether the possible decrease is below rounding, and the loss did not decrease.

        Arguments:
            loss: the loss before the step.
            loss_after: the loss after the step.
            idle: the number of steps since the loss last decreased by more than rounding.
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
        """Steps since the loss last decreased by more than rounding in total, and the loss then.

        Arguments:
            idle: the number of such steps before this step.
            mark: the loss after the last step that counted as a decrease.
            loss: the loss before this step.
            loss_after: the loss after this step.
        """
        mark = jnp.where(jnp.isfinite(mark), mark, loss)
        # A step that increases the loss is taken only for another reason.
        gained = jnp.abs(mark - loss_after) > self.rounding
        return jnp.where(gained, 0, idle + 1), jnp.where(gained, loss_after, mark)

    def confirm(
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
        """Whether the Hessian confirms a minimum up to rounding after some idle steps.

        The next point is returned, too: that of Newton's step, if the loss allows it, either for
        the last digits, which the loss no longer shows, or because the linear model does not
        converge.

        Arguments:
            idle: the number of steps since the loss last decreased by more than rounding.
            function: the residuals.
            vector: u.
            gradient: the gradient g of the loss there, zero along held unknowns.
            reach: the greatest |u| so far.
            held: which unknowns are held on a bound.
            room: the problem with its bounds.
            moved: the next point of the method itself.
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
            unknown=NewtonStep(
                gradient, far, jnp.asarray(False), jnp.asarray(False), jnp.ones_like(gradient)
            ),
        )


def is_felt(
    lengths: Float[Array, " n"], reach: Float[Array, " n"], loss: Float[Array, ""]
) -> Bool[Array, " n"]:
    """Whether changing an unknown by its greatest size so far changes the loss beyond rounding.

    Arguments:
        lengths: the square root of the curvature along every unknown, or the length of its column
            of J.
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
    """Whether the loss no longer depends on an unknown on which it once depended.

    Then the run has ended on a plateau, where gradient and curvature vanish together.

    Arguments:
        now: the present square root of the curvature along every unknown, or the length of its
            column of J.
        greatest: the greatest such values so far.
        reach: the greatest |u| so far.
        loss: f.
    """
    return jnp.any(is_felt(greatest, reach, loss) & ~is_felt(now, reach, loss))
