"""A quadratic with a separable penalty, minimised by semismooth Newton steps.

    minimise m(z) = ½ z·H z + q·z + g(z):    F(z) = z − prox(w, ℓ) = 0,  w = z − ℓ (H z + q).

Each step sweeps over the numbers, each of which goes to its own minimum while the others stay, and
then takes a Newton step. With D the derivative of the proximal map at w, a diagonal of zeros and
ones for g = λ‖z‖₁, that is the solution of (1 − D + ℓ D H) d = −F: it sets the numbers outside the
active set to zero, and solves the linear system of those inside. It may leave the region of the
signs that it assumes. So the best is taken of z + d; of the same with those numbers that the
proximal map then drops; of the way to the first change of sign; and of z itself. The sweeps
converge by themselves; with the right active set, one Newton step ends it.

Source: Friedman, Hastie and Tibshirani 2010 (sweeps), doi 10.18637/jss.v033.i01; Hintermüller, Ito
and Kunisch 2003, The primal-dual active set strategy as a semismooth Newton method, doi
10.1137/S1052623401383558.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

MOST_STEPS = 100
# Directions without curvature, as more active numbers than data have, get this part of the largest.
DAMPING = 1e-12
ROUNDING_UNITS = 8


class QuadraticModel(NamedTuple):
    """The quadratic and the penalty.

    Attributes:
        hessian: H, positive semidefinite.
        linear: q.
        penalty: g.
        proximal: its proximal map, of z and ℓ.
    """

    hessian: Float[Array, "n n"]
    linear: Float[Array, " n"]
    penalty: Callable[[Float[Array, " n"]], Float[Array, ""]]
    proximal: Callable[[Float[Array, " n"], Float[Array, ""]], Float[Array, " n"]]

    @property
    def length(self) -> Float[Array, ""]:
        """ℓ of the active set: the inverse of the largest curvature of one number."""
        return _inverse(jnp.max(jnp.diag(self.hessian)))

    def gradient(self, z: Float[Array, " n"]) -> Float[Array, " n"]:
        """H z + q."""
        return self.hessian @ z + self.linear

    def value(self, z: Float[Array, " n"]) -> Float[Array, ""]:
        """m(z)."""
        return z @ (self.hessian @ z) / 2 + self.linear @ z + self.penalty(z)

    def residual(self, z: Float[Array, " n"]) -> Float[Array, " n"]:
        """(z − prox(z − ℓ (H z + q), ℓ))/ℓ, zero exactly at a minimum."""
        length = self.length
        return (z - self.proximal(z - length * self.gradient(z), length)) / length


def minimise_model(
    model: QuadraticModel, start: Float[Array, " n"], tolerance: Float[Array, ""]
) -> tuple[Float[Array, " n"], Int[Array, ""]]:
    """The minimum, and the number of steps.

    Arguments:
        model: the quadratic and the penalty.
        start: z of the first step.
        tolerance: the largest number of the residual that is allowed.
    """
    hessian, length = model.hessian, model.length
    damped = hessian + DAMPING / length * jnp.eye(start.size, dtype=start.dtype)

    sizes = jnp.abs(hessian)

    def is_unfinished(carry: tuple) -> Array:
        z, count = carry
        rounding = 2 * jnp.finfo(z.dtype).eps * jnp.max(sizes @ jnp.abs(z))
        large = jnp.max(jnp.abs(model.residual(z))) > jnp.maximum(tolerance, rounding)
        return large & (count < MOST_STEPS)

    def derivative(w: Array) -> tuple[Array, Array]:
        of = lambda w: model.proximal(w, length)  # noqa: E731
        return jax.jvp(of, (w,), (jnp.ones_like(w),))

    def improve(carry: tuple) -> tuple:
        z, count = carry
        z = _sweep(model, z)
        near, active = derivative(z - length * model.gradient(z))
        matrix = jnp.diag(1 - active) + length * active[:, None] * damped
        step = jnp.linalg.solve(matrix, near - z)
        newton = z + step
        after, kept = derivative(newton - length * model.gradient(newton))
        dropped = jnp.where(kept > 0, newton, after)
        crosses = z * newton < 0
        first = jnp.min(jnp.where(crosses, z / jnp.where(crosses, z - newton, 1), 1))
        points = jnp.stack([newton, dropped, z + first * step, z])
        values = jax.vmap(model.value)(points)
        values = jnp.where(jnp.isfinite(values), values, jnp.inf)
        least = jnp.min(values)
        rounding = ROUNDING_UNITS * jnp.finfo(z.dtype).eps * jnp.abs(least)
        return points[jnp.argmax(values <= least + rounding)], count + 1

    return lax.while_loop(is_unfinished, improve, (start, jnp.asarray(0, "int32")))


def _sweep(model: QuadraticModel, start: Float[Array, " n"]) -> Float[Array, " n"]:
    """Every number in turn at its minimum, given all others as they are then."""
    diagonal = jnp.diag(model.hessian)

    def one(j: Int[Array, ""], carry: tuple) -> tuple:
        z, gradient = carry
        length = _inverse(diagonal[j])
        moved = model.proximal(z - length * gradient, length)[j]
        change = moved - z[j]
        return z.at[j].set(moved), gradient + change * model.hessian[j]

    return lax.fori_loop(0, start.size, one, (start, model.gradient(start)))[0]


def _inverse(curvature: Float[Array, ""]) -> Float[Array, ""]:
    positive = curvature > 0
    return jnp.where(positive, 1 / jnp.where(positive, curvature, 1), 1)
