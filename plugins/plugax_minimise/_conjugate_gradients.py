"""The linearised least-squares problem, min ‖r + J Δ‖, with products J v and Jᵀ w alone.

Conjugate gradients on the normal equations JᵀJ Δ = −Jᵀr, in the form that updates the residual
itself (CGLS), which loses no digits by forming JᵀJ. After any number of iterations Δ is a direction
of descent, and ‖J Δ‖² = −(Jᵀr)·Δ.

Source: Hestenes and Stiefel 1952, Methods of conjugate gradients for solving linear systems,
section 10, doi 10.6028/jres.049.044.
"""

from collections.abc import Callable

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class InnerSolution(eqx.Module):
    """The result of the inner iteration.

    Attributes:
        step: Δ.
        change: J Δ.
        iterations: the number of products with J and with Jᵀ.
        solved: whether ‖Jᵀ(r + J Δ)‖ ≤ tolerance ‖Jᵀr‖ was reached.
    """

    step: Float[Array, " n"]
    change: Float[Array, " m"]
    iterations: Int[Array, ""]
    solved: Bool[Array, ""]


def solve_normal_equations(
    forward: Callable[[Float[Array, " n"]], Float[Array, " m"]],
    backward: Callable[[Float[Array, " m"]], Float[Array, " n"]],
    residuals: Float[Array, " m"],
    *,
    tolerance: float | Float[Array, ""],
    steps: int | Int[Array, ""],
) -> InnerSolution:
    """Reduce the gradient Jᵀ(r + J Δ) to `tolerance` of Jᵀr, in at most `steps` iterations.

    Arguments:
        forward: v ↦ J v.
        backward: w ↦ Jᵀ w.
        residuals: r.
        tolerance: relative size of the gradient to reach.
        steps: the largest number of iterations.
    """
    descent = -backward(residuals)
    start = descent @ descent
    target = jnp.asarray(tolerance, start.dtype) ** 2 * start
    most = jnp.asarray(steps, "int32")

    def is_unfinished(carry: tuple) -> Bool[Array, ""]:
        *_, size, iteration = carry
        return (size > target) & (iteration < most)

    def iterate(carry: tuple) -> tuple:
        step, change, direction, size, iteration = carry
        image = forward(direction)
        curvature = image @ image
        length = size / jnp.where(curvature > 0, curvature, jnp.ones_like(curvature))
        step = step + length * direction
        change = change + length * image
        descent = -backward(residuals + change)
        next_size = descent @ descent
        direction = descent + (next_size / size) * direction
        return step, change, direction, next_size, iteration + 1

    carry = (
        jnp.zeros_like(descent),
        jnp.zeros_like(residuals),
        descent,
        start,
        jnp.asarray(0, "int32"),
    )
    step, change, _, size, iterations = lax.while_loop(is_unfinished, iterate, carry)
    return InnerSolution(step, change, iterations, size <= target)
