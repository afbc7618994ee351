"""Problems 2 to 6, of two unknowns."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from ._classic import Minimum, fixed
from ._minimisers import JENNRICH_SAMPSON_AT, POWELL_BADLY_SCALED_AT


def freudenstein_roth(x: Float[Array, " 2"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """f(x) = (−13 + x₁ + ((5 − x₂) x₂ − 2) x₂, −29 + x₁ + ((x₂ + 1) x₂ − 14) x₂)."""
    a, b = x
    return jnp.stack([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])


def powell_badly_scaled(x: Float[Array, " 2"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """f(x) = (10⁴ x₁ x₂ − 1, exp(−x₁) + exp(−x₂) − 1.0001)."""
    a, b = x
    return jnp.stack([1e4 * a * b - 1, jnp.exp(-a) + jnp.exp(-b) - 1.0001])


def brown_badly_scaled(x: Float[Array, " 2"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """f(x) = (x₁ − 10⁶, x₂ − 2·10⁻⁶, x₁ x₂ − 2)."""
    a, b = x
    return jnp.stack([a - 1e6, b - 2e-6, a * b - 2])


def beale(x: Float[Array, " 2"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """fᵢ = yᵢ − x₁ (1 − x₂ⁱ) with y = (1.5, 2.25, 2.625)."""
    a, b = x
    return jnp.stack([1.5 - a * (1 - b), 2.25 - a * (1 - b**2), 2.625 - a * (1 - b**3)])


def jennrich_sampson(x: Float[Array, " 2"], m: int) -> Float[Array, " m"]:
    """fᵢ = 2 + 2i − exp(i x₁) − exp(i x₂)."""
    i = jnp.arange(1, m + 1, dtype=x.dtype)
    return 2 + 2 * i - jnp.exp(i * x[0]) - jnp.exp(i * x[1])


def _of_jennrich_sampson(n: int, m: int) -> tuple[Minimum, ...]:  # noqa: ARG001 - n is two
    # The second, from Kappel and Kuntsevich, has one unknown at −∞.
    return (Minimum(124.362, JENNRICH_SAMPSON_AT), Minimum(259.580)) if m == 10 else ()


# The second minimum of Freudenstein and Roth, in closed form.
_ROOT = math.sqrt(22)
_LOCAL = ((53 - 4 * _ROOT) / 3, (2 - _ROOT) / 3)

TWO_UNKNOWNS = {
    "freudenstein-roth": fixed(
        2,
        freudenstein_roth,
        start=(0.5, -2.0),
        equations=2,
        minima=(Minimum(0.0, (5.0, 4.0)), Minimum(48.9842, _LOCAL)),
    ),
    "powell-badly-scaled": fixed(
        3,
        powell_badly_scaled,
        start=(0.0, 1.0),
        equations=2,
        minima=(Minimum(0.0, POWELL_BADLY_SCALED_AT),),
    ),
    "brown-badly-scaled": fixed(
        4,
        brown_badly_scaled,
        start=(1.0, 1.0),
        equations=3,
        minima=(Minimum(0.0, (1e6, 2e-6)),),
    ),
    "beale": fixed(5, beale, start=(1.0, 1.0), equations=3, minima=(Minimum(0.0, (3.0, 0.5)),)),
    "jennrich-sampson": fixed(
        6,
        jennrich_sampson,
        start=(0.3, 0.4),
        equations=10,
        most_equations=math.inf,
        minima=_of_jennrich_sampson,
    ),
}
