"""The least-squares step no longer than a radius ϱ.

    minimise ‖R s + c‖ with ‖E s‖ ≤ ϱ.

This is the Gauss–Newton step s = −R⁻¹c if it is short enough; otherwise the damped step,
(RᵀR + λE²) s = −Rᵀc, with the λ > 0 for which ‖E s‖ = ϱ up to a tenth. λ is found by Newton's
method on 1/‖E s‖, which is nearly linear in λ, within bounds that close in on λ. Each iteration
factorises the small matrix [R; √λ E] without forming its normal equations, so no digits are lost.

Source: Moré 1978, The Levenberg–Marquardt algorithm: implementation and theory, section 5,
doi 10.1007/BFb0067700.
"""

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Bool, Float, Int

from ._triangular import triangle

# ‖E s‖ may miss the radius by this part of it.
LENIENCE = 0.1
MOST_ITERATIONS = 10


class BoundedStep(eqx.Module):
    """A step, and the decrease that it promises.

    Attributes:
        step: s.
        length: ‖E s‖.
        damping: λ; 0 if the radius does not limit the step, or the method has no λ.
        bound: whether the radius limits the step.
        slope: −(d/dt) ½‖R t s + c‖² at t = 0.
        promised: the decrease from ½‖c‖² to ½‖R s + c‖².
    """

    step: Float[Array, " n"]
    length: Float[Array, ""]
    damping: Float[Array, ""]
    bound: Bool[Array, ""]
    slope: Float[Array, ""]
    promised: Float[Array, ""]


class _Search(eqx.Module):
    """The state of the search for λ."""

    damping: Float[Array, ""]
    lower: Float[Array, ""]
    upper: Float[Array, ""]
    step: Float[Array, " n"]
    length: Float[Array, ""]
    used: Float[Array, ""]
    iteration: Int[Array, ""]


def bounded_step(
    factor: Float[Array, "n n"],
    projection: Float[Array, " n"],
    weights: Float[Array, " n"],
    radius: Float[Array, ""],
    damping: Float[Array, ""],
) -> BoundedStep:
    """The step within the radius that makes ‖R s + c‖ smallest.

    Arguments:
        factor: R, upper triangular.
        projection: c.
        weights: the diagonal of E, positive.
        radius: ϱ, positive.
        damping: a first guess of λ.
    """
    full = -solve_triangular(factor, projection)
    length = jnp.linalg.norm(weights * full)
    slope = _slope(factor, weights, full, length)
    gradient = jnp.linalg.norm((factor.T @ projection) / weights)
    lower = (length - radius) / (radius * jnp.where(slope > 0, slope, jnp.ones_like(slope)))
    start = _Search(
        damping=damping,
        lower=jnp.maximum(lower, jnp.zeros_like(lower)),
        upper=gradient / radius,
        step=full,
        length=length,
        used=jnp.zeros_like(damping),
        iteration=jnp.asarray(0, "int32"),
    )

    def is_unfinished(search: _Search) -> Bool[Array, ""]:
        excess = search.length - radius
        # A step shorter than the radius is right only without damping.
        off = (excess > LENIENCE * radius) | ((search.used > 0) & (-excess > LENIENCE * radius))
        return off & (search.iteration < MOST_ITERATIONS)

    def iterate(search: _Search) -> _Search:
        within = (search.damping > search.lower) & (search.damping < search.upper)
        middle = jnp.sqrt(search.lower * search.upper)
        middle = jnp.maximum(middle, 1e-3 * search.upper)
        damping = jnp.where(within, search.damping, middle)
        damped, moved = _damp(factor, projection, weights, damping)
        step = -solve_triangular(damped, moved)
        length = jnp.linalg.norm(weights * step)
        excess = length - radius
        lower = jnp.where(excess > 0, jnp.maximum(search.lower, damping), search.lower)
        upper = jnp.where(excess < 0, jnp.minimum(search.upper, damping), search.upper)
        change = excess / (radius * _slope(damped, weights, step, length))
        return _Search(
            damping=jnp.maximum(lower, damping + change),
            lower=lower,
            upper=upper,
            step=step,
            length=length,
            used=damping,
            iteration=search.iteration + 1,
        )

    found = lax.while_loop(is_unfinished, iterate, start)
    change = factor @ found.step
    linear, damped = change @ change, found.used * found.length**2
    return BoundedStep(
        step=found.step,
        length=found.length,
        damping=found.used,
        bound=found.used > 0,
        slope=linear + damped,
        promised=linear / 2 + damped,
    )


def _damp(
    factor: Float[Array, "n n"],
    projection: Float[Array, " n"],
    weights: Float[Array, " n"],
    damping: Float[Array, ""],
) -> tuple[Float[Array, "n n"], Float[Array, " n"]]:
    """R and c of the damped problem."""
    top = jnp.concatenate([factor, projection[:, None]], axis=1)
    diagonal = jnp.diag(jnp.sqrt(damping) * weights)
    bottom = jnp.concatenate([diagonal, jnp.zeros_like(projection)[:, None]], axis=1)
    return triangle(jnp.concatenate([top, bottom]))


def _slope(
    factor: Float[Array, "n n"],
    weights: Float[Array, " n"],
    step: Float[Array, " n"],
    length: Float[Array, ""],
) -> Float[Array, ""]:
    """−(d‖E s‖/dλ) / ‖E s‖ = ‖R⁻ᵀ E (E s / ‖E s‖)‖²."""
    unit = weights * (weights * step) / jnp.where(length > 0, length, jnp.ones_like(length))
    solved = solve_triangular(factor, unit, trans="T")
    return solved @ solved
