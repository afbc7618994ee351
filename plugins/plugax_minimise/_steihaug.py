"""The minimum of a quadratic within a ball, with products with its matrix alone.

    minimise g·p + ½ p·H p with ‖p‖ ≤ ϱ.

Conjugate gradients start from p = 0, and ‖p‖ grows with every iteration. They stop at a small
residual, at the surface of the ball, or at a direction along which the quadratic has no minimum,
which they follow to the surface.

Source: Steihaug 1983, The conjugate gradient method and trust regions in large scale optimization,
doi 10.1137/0720042; Nocedal and Wright 2006, algorithm 7.2, doi 10.1007/978-0-387-40065-5.
"""

from collections.abc import Callable

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class InnerStep(eqx.Module):
    """A step within the ball.

    Attributes:
        step: p.
        residual: g + H p.
        radius: ϱ.
        bound: whether the step ends at the surface.
        iterations: the number of products with H.
    """

    step: Float[Array, " n"]
    residual: Float[Array, " n"]
    radius: Float[Array, ""]
    bound: Bool[Array, ""]
    iterations: Int[Array, ""]


class _Iteration(eqx.Module):
    """The state of the conjugate gradients."""

    inner: InnerStep
    direction: Float[Array, " n"]
    size: Float[Array, ""]


def minimise_within(
    product: Callable[[Float[Array, " n"]], Float[Array, " n"]],
    gradient: Float[Array, " n"],
    radius: Float[Array, ""],
    *,
    first_radius: float | Float[Array, ""],
    tolerance: Float[Array, ""],
    steps: int | Int[Array, ""],
) -> InnerStep:
    """A step p with ‖p‖ ≤ ϱ that makes the quadratic small.

    Arguments:
        product: v ↦ H v.
        gradient: g.
        radius: ϱ; 0 before the first step.
        first_radius: ϱ of the first step, relative to ‖g‖ / |κ|, κ being the curvature along g.
        tolerance: relative size of the residual ‖g + H p‖ to reach.
        steps: the largest number of iterations.
    """
    size = gradient @ gradient
    target = tolerance**2 * size
    most = jnp.asarray(steps, "int32")

    def is_unfinished(iteration: _Iteration) -> Bool[Array, ""]:
        inner = iteration.inner
        return (iteration.size > target) & ~inner.bound & (inner.iterations < most)

    def iterate(iteration: _Iteration) -> _Iteration:
        inner, direction = iteration.inner, iteration.direction
        image = product(direction)
        curvature = direction @ image
        convex = curvature > 0
        square = direction @ direction
        first = square**1.5 / jnp.where(curvature != 0, jnp.abs(curvature), square)
        first = jnp.asarray(first_radius, square.dtype) * first
        radius = jnp.where(inner.radius > 0, inner.radius, first)
        length = iteration.size / jnp.where(convex, curvature, 1)
        further = inner.step + length * direction
        # Not "shorter than the radius": NaN must end the iteration.
        within = convex & (jnp.linalg.norm(further) < radius)
        length = jnp.where(within, length, _to_surface(inner.step, direction, radius))
        residual = inner.residual + length * image
        next_size = residual @ residual
        return _Iteration(
            InnerStep(
                step=inner.step + length * direction,
                residual=residual,
                radius=radius,
                bound=~within,
                iterations=inner.iterations + 1,
            ),
            direction=-residual + (next_size / iteration.size) * direction,
            size=next_size,
        )

    none = jnp.asarray(0, "int32")
    inner = InnerStep(jnp.zeros_like(gradient), gradient, radius, jnp.asarray(False), none)
    start = _Iteration(inner, -gradient, size)
    return lax.while_loop(is_unfinished, iterate, start).inner


def _to_surface(
    step: Float[Array, " n"], direction: Float[Array, " n"], radius: Float[Array, ""]
) -> Float[Array, ""]:
    """τ ≥ 0 with ‖p + τ d‖ = ϱ."""
    along, square = step @ direction, direction @ direction
    room = jnp.maximum(radius**2 - step @ step, 0)
    root = jnp.sqrt(along**2 + square * room)
    # Of the two forms of the root, the one without cancellation.
    return jnp.where(
        along > 0, room / (along + root), (root - along) / jnp.where(square > 0, square, 1)
    )
