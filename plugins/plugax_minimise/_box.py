"""Bounds in least-squares solvers: u itself moves, and stops at a bound.

`plugax.bounded` makes a problem in variables z with u(z) within bounds, which any solver can use. A
least-squares solver does better with u itself: if a bound is active at the minimum, du/dz = 0, and
a linearisation in z misses the curvature due to the bound.

So the step is made in u. An unknown on a bound, or about to reach it, whose descent direction leads
outward is held there, and its column of the Jacobian is left out. The others move, and stop at the
sides of the box,

    u ← min(max(u + Δ, l), h),

or rather 1 % before the bound, unless they were near it. So one step that is too long does not put
an unknown on a bound where the loss may not depend on it (a resistance of zero, an amplitude) and
where it would stay. With a radius that shrinks until the loss decreases, the path ends in the
direction of the projected gradient, so there is always a step that helps; and once the held
unknowns are those of the minimum, convergence is as fast as without bounds.

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

# A step that would cross a bound keeps this part of the distance to it, unless that distance is
# less than this part of the length of the box.
PART = 0.01
NEAR = 1e-3


class Room(eqx.Module):
    """A problem in its own unknowns u, and their bounds.

    Attributes:
        problem: the problem in u.
        box: the change of variables u(z) that is bypassed; None without bounds.
    """

    problem: Any
    box: problems.Box | None

    def enter(self, variables: PyTree) -> PyTree:
        """The unknowns u from the variables z of the runner."""
        return variables if self.box is None else self.box.constrained(variables)

    def leave(self, unknowns: PyTree) -> PyTree:
        """The variables z of the runner from the unknowns u."""
        return unknowns if self.box is None else self.box.free(unknowns)

    def move(
        self, vector: Float[Array, " n"], step: Float[Array, " n"], held: Bool[Array, " n"]
    ) -> Float[Array, " n"]:
        """The end of a step, limited by the bounds; held unknowns move onto their bound."""
        there = vector + step
        if self.box is None:
            return there
        lower, upper, length = self._vectors(vector)
        nearer = jnp.where(vector - lower < upper - vector, lower, upper)
        there = jnp.where(held, nearer, there)
        # Nearly all of the way; onto the bound only from nearby.
        short = lambda room: jnp.where(room > NEAR * length, PART * room, 0)  # noqa: E731
        there = jnp.where(there < lower, lower + short(vector - lower), there)
        return jnp.where(there > upper, upper - short(upper - vector), there)

    def held(
        self,
        vector: Float[Array, " n"],
        gradient: Float[Array, " n"],
        pace: Float[Array, "..."],
    ) -> Bool[Array, " n"]:
        """Which unknowns are on or near a bound that a step down the gradient would cross.

        Arguments:
            vector: u.
            gradient: g.
            pace: the factor that makes −g a step of reasonable length; an unknown is near a bound
                if such a step would cross it.
        """
        if self.box is None:
            return jnp.zeros(vector.shape, bool)
        lower, upper, length = self._vectors(vector)
        down = -pace * gradient
        near = jnp.minimum(jnp.abs(down), NEAR * length)
        below = (down < 0) & (vector - lower <= near)
        return below | ((down > 0) & (upper - vector <= near))

    def blocked(self, vector: Float[Array, " n"], step: Float[Array, " n"]) -> Bool[Array, " n"]:
        """Which unknowns are on a bound that a step would cross.

        Their own gradient does not lead outward, or they would be held; the step leads outward only
        because of other unknowns. A step without them descends; this step cut off at the bound may
        not.
        """
        lower, upper, _ = self._vectors(vector)
        return ((vector <= lower) & (step < 0)) | ((vector >= upper) & (step > 0))

    def _vectors(self, like: Float[Array, " n"]) -> tuple[Float[Array, " n"], ...]:
        assert self.box is not None
        parts = self.box.lower, self.box.upper, self.box.length
        return tuple(ravel_pytree(part)[0].astype(like.dtype) for part in parts)


def room_of(problem: Any) -> Room:
    """The problem without its bounds, and the bounds."""
    if isinstance(problem, problems.AbstractVariant):
        if isinstance(problem.constraint, problems.Box):
            return Room(problem.problem, problem.constraint)
        if isinstance(problem.constraint, problems.Unconstrained):
            return room_of(problem.problem)
    return Room(problem, None)
