"""Bounds as least-squares solvers see them: u itself moves, and stops at a bound.

`plugax.bounded` makes a problem of variables z with u(z) within bounds, which serves any solver. A
solver of least squares does better by looking through that: where a bound holds at the minimum,
du/dz = 0, and a linearisation in z does not see the curvature that the bound brings.

So the step is made in u. An unknown on a bound, or about to reach it, whose gradient leads outward
is held there, its column of the Jacobian left out; the others step, and whatever would leave the
box stops at its side,

    u ← min(max(u + Δ, l), h),

or rather 1 % short of it, unless it was near: a single step too long does not put an unknown on a
bound, where the loss may not depend on it (a resistance of zero, an amplitude) and it would stay.
With a radius that shrinks until the loss decreases, the path ends in the direction of the projected
gradient, so there is always a step that helps; and once the unknowns held are those of the minimum,
convergence is as fast as without bounds.

Source: Kanzow, Yamashita and Fukushima 2004, Levenberg–Marquardt methods with strong local
convergence properties for solving nonlinear equations with convex constraints, doi
10.1016/j.cam.2004.02.013; Bertsekas 1982, Projected Newton methods, doi 10.1137/0320018.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, PyTree

from plugax import problems

# A step that would cross a bound leaves this part of the room before it, unless there is no more
# than that part of the box's own length.
PART = 0.01
NEAR = 1e-3


class Room(eqx.Module):
    """A problem in its own unknowns u, and where these may be.

    Attributes:
        problem: the problem of u.
        box: the change of variables u(z) that was looked through; None where there is none.
    """

    problem: Any
    box: problems.Box | None

    def enter(self, variables: PyTree) -> PyTree:
        """The unknowns u of the variables that the runner knows."""
        return variables if self.box is None else self.box.constrained(variables)

    def leave(self, unknowns: PyTree) -> PyTree:
        """The variables that the runner knows."""
        return unknowns if self.box is None else self.box.free(unknowns)

    def move(
        self, vector: Float[Array, " n"], step: Float[Array, " n"], held: Bool[Array, " n"]
    ) -> Float[Array, " n"]:
        """Where a step leads, stopped by the bounds; what is held goes onto its bound."""
        there = vector + step
        if self.box is None:
            return there
        lower, upper, length = self._vectors(vector)
        nearer = jnp.where(vector - lower < upper - vector, lower, upper)
        there = jnp.where(held, nearer, there)
        # Nearly all of the way, and on the bound only from nearby.
        short = lambda room: jnp.where(room > NEAR * length, PART * room, 0)  # noqa: E731
        there = jnp.where(there < lower, lower + short(vector - lower), there)
        return jnp.where(there > upper, upper - short(upper - vector), there)

    def held(
        self,
        vector: Float[Array, " n"],
        gradient: Float[Array, " n"],
        pace: Float[Array, "..."],
    ) -> Bool[Array, " n"]:
        """Which unknowns are on a bound, or near, that the loss would have them cross.

        Arguments:
            vector: u.
            gradient: g.
            pace: what times −g is a step down the gradient that does not go too far; near is what
                such a step would cross, close to the bound.
        """
        if self.box is None:
            return jnp.zeros(vector.shape, bool)
        lower, upper, length = self._vectors(vector)
        down = -pace * gradient
        near = jnp.minimum(jnp.abs(down), NEAR * length)
        below = (down < 0) & (vector - lower <= near)
        return below | ((down > 0) & (upper - vector <= near))

    def blocked(self, vector: Float[Array, " n"], step: Float[Array, " n"]) -> Bool[Array, " n"]:
        """Which unknowns are on a bound that a step would have them cross.

        Their gradient leads inward, or they were held; it is the others that push them. A step
        without them is one downhill, where the same step cut off need not be.
        """
        lower, upper, _ = self._vectors(vector)
        return ((vector <= lower) & (step < 0)) | ((vector >= upper) & (step > 0))

    def _vectors(self, like: Float[Array, " n"]) -> tuple[Float[Array, " n"], ...]:
        assert self.box is not None
        parts = self.box.lower, self.box.upper, self.box.length
        return tuple(ravel_pytree(part)[0].astype(like.dtype) for part in parts)


def room_of(problem: Any) -> Room:
    """The problem without its bounds, which are the room it has."""
    if isinstance(problem, problems.AbstractVariant):
        if isinstance(problem.constraint, problems.Box):
            return Room(problem.problem, problem.constraint)
        if isinstance(problem.constraint, problems.Unconstrained):
            return room_of(problem.problem)
    return Room(problem, None)
