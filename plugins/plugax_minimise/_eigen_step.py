"""The minimum of a quadratic within a ball, by the eigenvalues of its matrix.

    minimise a·z + ½ z·Λ z with ‖z‖ ≤ ϱ,    z = −(Λ + μ)⁻¹ a,

with a diagonal Λ, in the basis of the eigenvectors. μ = 0 if Λ is positive and this z is short
enough; otherwise μ ≥ 0 is such that Λ + μ is positive and ‖z‖ = ϱ up to a tenth. It is found by
Newton's method on 1/‖z‖, which is nearly linear in μ, within bounds that close in on μ. If a has no
component along the most negative eigenvalue, as on a saddle, z follows that direction for the rest
of the way.

Source: Moré and Sorensen 1983, Computing a trust region step, doi 10.1137/0904038.
"""

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ._newton_step import ScaledHessian

# ‖z‖ may miss the radius by this part of it.
LENIENCE = 0.1
MOST_ITERATIONS = 30


class _Search(eqx.Module):
    """The state of the search for μ."""

    shift: Float[Array, ""]
    lower: Float[Array, ""]
    upper: Float[Array, ""]
    point: Float[Array, " n"]
    iteration: Int[Array, ""]


class BallStep(eqx.Module):
    """A step within the ball.

    Attributes:
        step: p = E⁻¹ V z.
        length: ‖z‖.
        promised: the decrease of the quadratic.
        radius: ϱ.
        bound: whether the step ends at the surface.
        products: the number of products with the matrix, without those that formed it.
    """

    step: Float[Array, " n"]
    length: Float[Array, ""]
    promised: Float[Array, ""]
    radius: Float[Array, ""]
    bound: Bool[Array, ""]
    products: Int[Array, ""]


def eigen_step(
    hessian: ScaledHessian,
    gradient: Float[Array, " n"],
    radius: Float[Array, ""],
    first_radius: float | Float[Array, ""],
) -> BallStep:
    """The step within the radius that makes the quadratic smallest.

    Arguments:
        hessian: H = E V Λ Vᵀ E.
        gradient: g.
        radius: ϱ; 0 before the first step.
        first_radius: ϱ of the first step, relative to ‖a‖ / |κ|, κ being the curvature along a.
    """
    slopes = hessian.eigenvectors.T @ (gradient / hessian.lengths)
    values = hessian.eigenvalues
    values = jnp.where(jnp.abs(values) <= hessian.rounding, hessian.rounding, values)
    size = jnp.linalg.norm(slopes)
    square = slopes @ slopes
    curvature = jnp.abs(slopes @ (values * slopes)) / jnp.where(square > 0, square, 1)
    # Without any curvature the step is as long as the gradient.
    known = curvature > hessian.rounding
    first = jnp.asarray(first_radius, size.dtype) * size / jnp.where(known, curvature, 1)
    radius = jnp.where(radius > 0, radius, jnp.where(first > 0, first, 1))
    least = values[0]
    at = lambda shift: -slopes / (values + shift)  # noqa: E731
    none = jnp.zeros_like(size)
    lower = jnp.maximum(-least, none)
    upper = jnp.maximum(size / radius - least, lower)
    full = at(none)
    free = (least > 0) & (jnp.linalg.norm(full) <= radius)
    middle = lower + 1e-3 * (upper - lower)
    start = _Search(middle, lower, upper, at(middle), jnp.asarray(0, "int32"))

    def is_unfinished(search: _Search) -> Bool[Array, ""]:
        off = jnp.abs(jnp.linalg.norm(search.point) - radius) > LENIENCE * radius
        return ~free & off & (search.iteration < MOST_ITERATIONS)

    def iterate(search: _Search) -> _Search:
        length = jnp.linalg.norm(search.point)
        long = length > radius
        lower = jnp.where(long, search.shift, search.lower)
        upper = jnp.where(long, search.upper, search.shift)
        slope = jnp.sum(search.point**2 / (values + search.shift)) / length
        shift = search.shift + (length - radius) * length / (radius * slope)
        within = (shift > lower) & (shift < upper)
        shift = jnp.where(within, shift, (lower + upper) / 2)
        return _Search(shift, lower, upper, at(shift), search.iteration + 1)

    found = lax.while_loop(is_unfinished, iterate, start).point
    point = jnp.where(free, full, _to_the_surface(found, slopes, radius, least))
    return BallStep(
        step=hessian.eigenvectors @ point / hessian.lengths,
        length=jnp.linalg.norm(point),
        promised=-(slopes @ point + point @ (values * point) / 2),
        radius=radius,
        bound=~free,
        products=jnp.asarray(0, "int32"),
    )


def _to_the_surface(
    point: Float[Array, " n"],
    slopes: Float[Array, " n"],
    radius: Float[Array, ""],
    least: Float[Array, ""],
) -> Float[Array, " n"]:
    """The point, moved along the direction of the most negative eigenvalue if it is inside."""
    point = jnp.where(jnp.isfinite(point), point, 0)
    room = radius**2 - point @ point + point[0] ** 2
    along = jnp.where(slopes[0] > 0, -1, 1) * jnp.sqrt(jnp.maximum(room, 0))
    inside = (least < 0) & (jnp.linalg.norm(point) < (1 - LENIENCE) * radius)
    return point.at[0].set(jnp.where(inside, along, point[0]))
