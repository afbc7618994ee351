"""A safeguard for full steps: shorten the step until the loss decreases enough.

A length α is accepted if f(u + αΔ) ≤ f(u) + 10⁻⁴ α f′ (Armijo), where f′ is the slope along Δ, or
if it passes another test. The next α is the minimum of the parabola through the known values, kept
within [0.1 α, 0.5 α]. The full step is tried first; if it is good, this costs one evaluation.

Source: Dennis and Schnabel 1996, Numerical Methods for Unconstrained Optimization and Nonlinear
Equations, section 6.3, doi 10.1137/1.9781611971200.
"""

from collections.abc import Callable

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

SUFFICIENT_DECREASE = 1e-4
MOST_TRIALS = 20


class StepLength(eqx.Module):
    """The length that was found.

    Attributes:
        length: α, and 0 if no length was good.
        loss: the loss there.
        evaluations: how often the loss was evaluated.
    """

    length: Float[Array, ""]
    loss: Float[Array, ""]
    evaluations: Int[Array, ""]


def backtrack(
    loss_at: Callable[[Float[Array, ""]], tuple[Float[Array, ""], Bool[Array, ""]]],
    loss: Float[Array, ""],
    slope: Float[Array, ""],
    rounding: Float[Array, ""],
) -> StepLength:
    """The first of the lengths tried that decreases the loss enough.

    Arguments:
        loss_at: α ↦ the loss at u + αΔ, and whether the step is good even if the loss increases; a
            loss that is not finite counts as too large.
        loss: the loss at α = 0.
        slope: the derivative of the loss at α = 0, not positive.
        rounding: an increase of the loss that may be due to rounding alone.
    """

    def is_unfinished(carry: tuple) -> Bool[Array, ""]:
        *_, accepted, trials = carry
        return ~accepted & (trials < MOST_TRIALS)

    def attempt(carry: tuple) -> tuple:
        _, next_length, _, _, trials = carry
        length = next_length
        value, good = loss_at(length)
        decreased = value <= loss + SUFFICIENT_DECREASE * length * slope + rounding
        accepted = decreased | (good & jnp.isfinite(value))
        parabola = -slope * length**2 / (2 * (value - loss - length * slope))
        shorter = jnp.clip(parabola, 0.1 * length, 0.5 * length)
        shorter = jnp.where(jnp.isfinite(parabola), shorter, 0.1 * length)
        return length, shorter, value, accepted, trials + 1

    one = jnp.ones_like(loss)
    carry = (one, one, loss, jnp.asarray(False), jnp.asarray(0, "int32"))
    length, _, value, accepted, trials = lax.while_loop(is_unfinished, attempt, carry)
    return StepLength(
        jnp.where(accepted, length, jnp.zeros_like(length)),
        jnp.where(accepted, value, loss),
        trials,
    )
