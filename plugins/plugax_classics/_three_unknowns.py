"""Problems 7 to 12, of three unknowns."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from ._classic import Minimum, fixed
from ._measurements import BARD, GAUSSIAN, MEYER
from ._minimisers import BARD_AT, GAUSSIAN_AT, MEYER_AT


def helical_valley(x: Float[Array, " 3"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """f(x) = (10 (x₃ − 10 θ), 10 (√(x₁² + x₂²) − 1), x₃), θ the angle of (x₁, x₂) in turns."""
    a, b, c = x
    # Angles from −¼ to ¾ of a turn: the cut must not lie where x₁ < 0, x₂ = 0, which is the start.
    turns = (jnp.arctan2(-a, b) + math.pi / 2) / (2 * math.pi)
    return jnp.stack([10 * (c - 10 * turns), 10 * (jnp.sqrt(a**2 + b**2) - 1), c])


def bard(x: Float[Array, " 3"], m: int) -> Float[Array, " m"]:
    """fᵢ = yᵢ − x₁ − uᵢ / (vᵢ x₂ + wᵢ x₃) with u = i, v = 16 − i, w = min(u, v)."""
    u = jnp.arange(1, m + 1, dtype=x.dtype)
    v = 16 - u
    return jnp.asarray(BARD, x.dtype) - x[0] - u / (v * x[1] + jnp.minimum(u, v) * x[2])


def gaussian(x: Float[Array, " 3"], m: int) -> Float[Array, " m"]:
    """fᵢ = x₁ exp(−x₂ (tᵢ − x₃)² / 2) − yᵢ with t = (8 − i) / 2."""
    t = (8 - jnp.arange(1, m + 1, dtype=x.dtype)) / 2
    return x[0] * jnp.exp(-x[1] * (t - x[2]) ** 2 / 2) - jnp.asarray(GAUSSIAN, x.dtype)


def meyer(x: Float[Array, " 3"], m: int) -> Float[Array, " m"]:
    """fᵢ = x₁ exp(x₂ / (tᵢ + x₃)) − yᵢ with t = 45 + 5i."""
    t = 45 + 5 * jnp.arange(1, m + 1, dtype=x.dtype)
    return x[0] * jnp.exp(x[1] / (t + x[2])) - jnp.asarray(MEYER, x.dtype)


def gulf(x: Float[Array, " 3"], m: int) -> Float[Array, " m"]:
    """fᵢ = exp(−|yᵢ − x₂|^x₃ / x₁) − tᵢ with t = i / 100, y = 25 + (−50 ln t)^⅔.

    The paper prints yᵢ "mi" x₂ for the difference.
    """
    t = jnp.arange(1, m + 1, dtype=x.dtype) / 100
    y = 25 + (-50 * jnp.log(t)) ** (2 / 3)
    return jnp.exp(-(jnp.abs(y - x[1]) ** x[2]) / x[0]) - t


def box(x: Float[Array, " 3"], m: int) -> Float[Array, " m"]:
    """fᵢ = exp(−t x₁) − exp(−t x₂) − x₃ (exp(−t) − exp(−10 t)) with t = i / 10."""
    t = jnp.arange(1, m + 1, dtype=x.dtype) / 10
    known = jnp.exp(-t) - jnp.exp(-10 * t)
    return jnp.exp(-t * x[0]) - jnp.exp(-t * x[1]) - x[2] * known


THREE_UNKNOWNS = {
    "helical-valley": fixed(
        7,
        helical_valley,
        start=(-1.0, 0.0, 0.0),
        equations=3,
        minima=(Minimum(0.0, (1.0, 0.0, 0.0)),),
    ),
    "bard": fixed(
        8,
        bard,
        start=(1.0, 1.0, 1.0),
        equations=15,
        # The second is at (0.8406…, −∞, −∞).
        minima=(Minimum(8.21487e-3, BARD_AT), Minimum(17.4286)),
    ),
    "gaussian": fixed(
        9,
        gaussian,
        start=(0.4, 1.0, 0.0),
        equations=15,
        minima=(Minimum(1.12793e-8, GAUSSIAN_AT),),
    ),
    "meyer": fixed(
        10,
        meyer,
        start=(0.02, 4000.0, 250.0),
        equations=16,
        minima=(Minimum(87.9458, MEYER_AT),),
    ),
    "gulf": fixed(
        11,
        gulf,
        start=(5.0, 2.5, 0.15),
        equations=99,
        # With m = 100 the last y is 25, where the power has no derivative at the minimum.
        most_equations=100,
        minima=(Minimum(0.0, (50.0, 25.0, 1.5)),),
    ),
    "box": fixed(
        12,
        box,
        start=(0.0, 10.0, 20.0),
        equations=10,
        most_equations=math.inf,
        # Also wherever x₁ = x₂ and x₃ = 0.
        minima=(Minimum(0.0, (1.0, 10.0, 1.0)), Minimum(0.0, (10.0, 1.0, -1.0))),
    ),
}
