"""Problems 14 to 19, of four to eleven unknowns."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from ._classic import Minimum, fixed
from ._measurements import KOWALIK_OSBORNE_U, KOWALIK_OSBORNE_Y, OSBORNE_1, OSBORNE_2
from ._minimisers import (
    BIGGS_AT,
    BROWN_DENNIS_AT,
    KOWALIK_OSBORNE_AT,
    OSBORNE_1_AT,
    OSBORNE_2_AT,
)


def wood(x: Float[Array, " 4"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """f(x) = (10 (x₂ − x₁²), 1 − x₁, √90 (x₄ − x₃²), 1 − x₃, √10 (x₂ + x₄ − 2), (x₂ − x₄)/√10)."""
    a, b, c, d = x
    root = math.sqrt(10)
    valleys = [10 * (b - a**2), 1 - a, math.sqrt(90) * (d - c**2), 1 - c]
    return jnp.stack([*valleys, root * (b + d - 2), (b - d) / root])


def kowalik_osborne(x: Float[Array, " 4"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """fᵢ = yᵢ − x₁ (uᵢ² + uᵢ x₂) / (uᵢ² + uᵢ x₃ + x₄)."""
    u = jnp.asarray(KOWALIK_OSBORNE_U, x.dtype)
    y = jnp.asarray(KOWALIK_OSBORNE_Y, x.dtype)
    return y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_dennis(x: Float[Array, " 4"], m: int) -> Float[Array, " m"]:
    """fᵢ = (x₁ + t x₂ − exp t)² + (x₃ + x₄ sin t − cos t)² with t = i / 5."""
    t = jnp.arange(1, m + 1, dtype=x.dtype) / 5
    return (x[0] + t * x[1] - jnp.exp(t)) ** 2 + (x[2] + x[3] * jnp.sin(t) - jnp.cos(t)) ** 2


def osborne_1(x: Float[Array, " 5"], m: int) -> Float[Array, " m"]:
    """fᵢ = yᵢ − x₁ − x₂ exp(−t x₄) − x₃ exp(−t x₅) with t = 10 (i − 1)."""
    t = 10 * jnp.arange(m, dtype=x.dtype)
    decay = x[1] * jnp.exp(-t * x[3]) + x[2] * jnp.exp(-t * x[4])
    return jnp.asarray(OSBORNE_1, x.dtype) - x[0] - decay


def biggs_exp6(x: Float[Array, " 6"], m: int) -> Float[Array, " m"]:
    """fᵢ = x₃ exp(−t x₁) − x₄ exp(−t x₂) + x₆ exp(−t x₅) − yᵢ with t = i / 10.

    y = exp(−t) − 5 exp(−10 t) + 3 exp(−4 t).
    """
    t = jnp.arange(1, m + 1, dtype=x.dtype) / 10
    y = jnp.exp(-t) - 5 * jnp.exp(-10 * t) + 3 * jnp.exp(-4 * t)
    first = x[2] * jnp.exp(-t * x[0]) - x[3] * jnp.exp(-t * x[1])
    return first + x[5] * jnp.exp(-t * x[4]) - y


def osborne_2(x: Float[Array, " 11"], m: int) -> Float[Array, " m"]:
    """fᵢ = yᵢ − x₁ exp(−t x₅) − Σₖ xₖ exp(−(t − xₖ₊₇)² xₖ₊₄), k = 2 to 4, with t = (i − 1) / 10."""
    t = jnp.arange(m, dtype=x.dtype) / 10
    peaks = [x[k] * jnp.exp(-((t - x[k + 7]) ** 2) * x[k + 4]) for k in (1, 2, 3)]
    return jnp.asarray(OSBORNE_2, x.dtype) - x[0] * jnp.exp(-t * x[4]) - sum(peaks[1:], peaks[0])


def _of_brown_dennis(n: int, m: int) -> tuple[Minimum, ...]:  # noqa: ARG001 - n is four
    return (Minimum(85822.2, BROWN_DENNIS_AT),) if m == 20 else ()


def _of_biggs(n: int, m: int) -> tuple[Minimum, ...]:  # noqa: ARG001 - n is six
    zero = Minimum(0.0, (1.0, 10.0, 1.0, 5.0, 4.0, 3.0))
    # The second is in truth a saddle. Solvers end there since x₁ = x₅, x₃ = x₆ at the start, and
    # then at all steps but for rounding. The third is Kappel and Kuntsevich's.
    return (zero, Minimum(5.65565e-3, BIGGS_AT), Minimum(0.306366)) if m == 13 else (zero,)


FOUR_UNKNOWNS = {
    "wood": fixed(
        14,
        wood,
        start=(-3.0, -1.0, -3.0, -1.0),
        equations=6,
        minima=(Minimum(0.0, (1.0, 1.0, 1.0, 1.0)),),
    ),
    "kowalik-osborne": fixed(
        15,
        kowalik_osborne,
        start=(0.25, 0.39, 0.415, 0.39),
        equations=11,
        # The second is at (∞, −14.07…, −∞, −∞); the third is Kappel and Kuntsevich's.
        minima=(
            Minimum(3.07505e-4, KOWALIK_OSBORNE_AT),
            Minimum(1.02734e-3),
            Minimum(1.79453e-3),
        ),
    ),
    "brown-dennis": fixed(
        16,
        brown_dennis,
        start=(25.0, 5.0, -5.0, -1.0),
        equations=20,
        most_equations=math.inf,
        minima=_of_brown_dennis,
    ),
    "osborne-1": fixed(
        17,
        osborne_1,
        start=(0.5, 1.5, -1.0, 0.01, 0.02),
        equations=33,
        minima=(Minimum(5.46489e-5, OSBORNE_1_AT),),
    ),
    "biggs-exp6": fixed(
        18,
        biggs_exp6,
        start=(1.0, 2.0, 1.0, 1.0, 1.0, 1.0),
        equations=13,
        most_equations=math.inf,
        minima=_of_biggs,
    ),
    "osborne-2": fixed(
        19,
        osborne_2,
        start=(1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5),
        equations=65,
        # The others are Kappel and Kuntsevich's.
        minima=(Minimum(4.01377e-2, OSBORNE_2_AT), Minimum(1.78981), Minimum(26.3056)),
    ),
}
