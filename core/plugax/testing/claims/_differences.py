"""Comparison of a gradient with central differences along a random direction.

(f(x + h d) − f(x − h d)) / 2h  ≈  ∇f · d

The step h is the one whose quotient differs least from the quotients of the next larger and the
next smaller step: a large step is inexact and a small one is lost in rounding, and what is large or
small depends on the function.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray, PyTree

from ._claim import claim
from ._precision import noise_like

_STEPS = tuple(10.0**-digits for digits in (2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6))
# Fractions of the slope. Quotients in float64 are accurate to about 1e-9 for smooth functions.
_EXACT = 1e-6
# If quotients differ by more than this, they are useless.
_UNSETTLED = 1e-3


def check_slope(
    component: Any,
    value_and_gradient: Callable[[PyTree], tuple[Any, PyTree]],
    point: PyTree,
    key: PRNGKeyArray,
    *,
    what: str,
    slack: float = 0.0,
) -> None:
    """Raise unless the gradient agrees with the differences; to be called in float64.

    Arguments:
        component: the component to which the function belongs.
        value_and_gradient: the function and its gradient, of a pytree of floats.
        point: where the gradient is checked.
        key: draws the direction.
        what: what is differentiated, in words.
        slack: how far off the gradient may be, as a fraction of its size.
    """
    direction = _direction(point, key)
    _, gradient = value_and_gradient(point)
    terms = [
        np.real(np.asarray(g) * np.asarray(d)).ravel()
        for g, d in zip(
            jax.tree.leaves(eqx.filter(gradient, eqx.is_inexact_array)),
            jax.tree.leaves(direction),
            strict=True,
        )
    ]
    if not terms:
        return
    parts = np.concatenate(terms)
    slope, size = float(parts.sum()), float(np.linalg.norm(parts))
    claim(
        bool(np.isfinite(parts).all()),
        component,
        f"the gradient of {what} is finite where {what} is",
        f"{np.count_nonzero(~np.isfinite(parts))} of its {parts.size} numbers NaN or infinite",
        "The root and the norm have no derivative at 0. Both branches of a jnp.where are "
        "differentiated: give neither an argument for which it is not differentiable.",
    )

    def quotient(step: float) -> float:
        ahead, back = (
            value_and_gradient(_move(point, direction, jnp.asarray(move)))[0]
            for move in (step, -step)
        )
        return float(ahead - back) / (2 * step)

    quotients = [quotient(step) for step in _STEPS]
    claim(
        bool(np.isfinite(quotients).all()),
        component,
        f"{what} is a finite number all around the point",
        f"the quotients {quotients}",
        "Keep the point inside the domain, for example away from logarithms of negative numbers.",
    )
    # Against both neighbours: two quotients may agree by chance.
    spreads = [
        max(abs(before - it), abs(it - after))
        for before, it, after in zip(quotients, quotients[1:], quotients[2:], strict=False)
    ]
    spread, expected = min(zip(spreads, quotients[1:], strict=False))
    size = max(size, abs(expected))
    claim(
        spread <= _UNSETTLED * size,
        component,
        f"{what} is smooth enough, in float64, for finite differences to settle",
        f"quotients that differ by {spread:.2g} from step to step, of a slope of {size:.2g}",
        "Is there noise that does not come from the key, or a cast to a shorter float?",
    )
    error = abs(slope - expected)
    claim(
        error <= (_EXACT + slack) * size + 4 * spread,
        component,
        f"the gradient of {what} equals its finite differences",
        f"the slope {slope:.8g} along a random direction, but differences give {expected:.8g}",
        "Look for a stop_gradient, a custom derivative, a cast to a shorter float, or a solve "
        "inside that is not differentiated exactly.",
    )


# Compiled as a whole: otherwise every operation would be a program of its own for every shape.
@eqx.filter_jit
def _direction(point: PyTree, key: PRNGKeyArray) -> PyTree:
    """A random direction in proportion to the point, so that small numbers move only slightly."""
    return jax.tree.map(
        lambda leaf, noise: noise * jnp.where(leaf == 0, 1, jnp.abs(leaf)).astype(leaf.dtype),
        point,
        noise_like(point, key),
    )


@eqx.filter_jit
def _move(point: PyTree, direction: PyTree, step: Array) -> PyTree:
    return jax.tree.map(lambda x, d: x + step.astype(d.dtype) * d, point, direction)
