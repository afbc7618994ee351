"""Problems 26 to 31: systems of n equations in n unknowns, which have a solution."""

import math
from collections.abc import Callable, Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._classic import Classic, Minimum, Residuals
from ._minimisers import (
    BROYDEN_BANDED_AT,
    BROYDEN_TRIDIAGONAL_AT,
    DISCRETE_AT,
    TRIGONOMETRIC_AT,
)

# Local minima for n = 10 that are not in the paper: Kappel and Kuntsevich 2000.
_LOCAL_TRIDIAGONAL = (0.397373, 0.712606, 1.02865, 1.05122, 1.34953, 1.36025)
_LOCAL_BANDED = (2.68021, 3.05727)


def trigonometric(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:
    """fᵢ = n − Σⱼ cos xⱼ + i (1 − cos xᵢ) − sin xᵢ."""
    cosines = jnp.cos(x)
    i = jnp.arange(1, m + 1, dtype=x.dtype)
    return m - jnp.sum(cosines) + i * (1 - cosines) - jnp.sin(x)


def brown_almost_linear(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:
    """fᵢ = xᵢ + Σⱼ xⱼ − (n + 1), and at last Πⱼ xⱼ − 1."""
    return jnp.append(x[:-1] + (jnp.sum(x) - (m + 1)), jnp.prod(x) - 1)


def discrete_boundary_value(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:
    """fᵢ = 2 xᵢ − xᵢ₋₁ − xᵢ₊₁ + h² (xᵢ + tᵢ + 1)³ / 2 with h = 1 / (n + 1), t = i h."""
    step = 1 / (m + 1)
    t = step * jnp.arange(1, m + 1, dtype=x.dtype)
    padded = jnp.pad(x, 1)
    return 2 * x - padded[:-2] - padded[2:] + step**2 * (x + t + 1) ** 3 / 2


def discrete_integral_equation(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:
    """fᵢ = xᵢ + h/2 [(1 − tᵢ) Σⱼ≤ᵢ tⱼ cⱼ + tᵢ Σⱼ>ᵢ (1 − tⱼ) cⱼ] with c = (x + t + 1)³.

    h = 1 / (n + 1), t = i h.
    """
    step = 1 / (m + 1)
    t = step * jnp.arange(1, m + 1, dtype=x.dtype)
    cubes = (x + t + 1) ** 3
    before = jnp.cumsum(t * cubes)
    after = jnp.sum((1 - t) * cubes) - jnp.cumsum((1 - t) * cubes)
    return x + step / 2 * ((1 - t) * before + t * after)


def broyden_tridiagonal(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """fᵢ = (3 − 2 xᵢ) xᵢ − xᵢ₋₁ − 2 xᵢ₊₁ + 1."""
    padded = jnp.pad(x, 1)
    return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1


def broyden_banded(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:
    """fᵢ = xᵢ (2 + 5 xᵢ²) + 1 − Σⱼ xⱼ (1 + xⱼ), j ≠ i from i − 5 to i + 1."""
    distance = np.arange(m)[:, None] - np.arange(m)
    band = (distance <= 5) & (distance >= -1) & (distance != 0)
    return x * (2 + 5 * x**2) + 1 - jnp.asarray(band, x.dtype) @ (x * (1 + x))


def _between(n: int) -> list[float]:
    """ξⱼ = tⱼ (tⱼ − 1), which has the right values at both ends."""
    return [j / (n + 1) * (j / (n + 1) - 1) for j in range(1, n + 1)]


def _of_trigonometric(n: int, m: int) -> tuple[Minimum, ...]:  # noqa: ARG001 - m is n
    zero = Minimum(0.0, [0.0] * n)
    return (zero, Minimum(2.79506e-5, TRIGONOMETRIC_AT)) if n == 10 else (zero,)


def _system_of_ten(
    known: Mapping[int, Sequence[float]], others: Sequence[float] = ()
) -> Callable[[int, int], tuple[Minimum, ...]]:
    """Zero for all n, at unknowns that are known for some; and local minima for n = 10."""

    def minima(n: int, m: int) -> tuple[Minimum, ...]:  # noqa: ARG001 - m is n
        local = [Minimum(value) for value in others] if n == 10 else []
        return Minimum(0.0, known.get(n)), *local

    return minima


def _of_brown(n: int, m: int) -> tuple[Minimum, ...]:  # noqa: ARG001 - m is n
    return Minimum(0.0, [1.0] * n), Minimum(1.0, [0.0] * (n - 1) + [n + 1.0])


def _system(
    number: int,
    residuals: Residuals,
    start: Callable[[int], Sequence[float]],
    minima: Callable[[int, int], tuple[Minimum, ...]],
) -> Classic:
    return Classic(
        number=number,
        residuals=residuals,
        start=start,
        minima=minima,
        size=10,
        equations=lambda n: n,
        least_size=1,
        most_size=math.inf,
    )


EQUATIONS = {
    "trigonometric": _system(26, trigonometric, lambda n: [1 / n] * n, _of_trigonometric),
    "brown-almost-linear": _system(27, brown_almost_linear, lambda n: [0.5] * n, _of_brown),
    "discrete-boundary-value": _system(
        28, discrete_boundary_value, _between, _system_of_ten(DISCRETE_AT)
    ),
    "discrete-integral-equation": _system(
        29, discrete_integral_equation, _between, _system_of_ten(DISCRETE_AT)
    ),
    "broyden-tridiagonal": _system(
        30,
        broyden_tridiagonal,
        lambda n: [-1.0] * n,
        _system_of_ten(BROYDEN_TRIDIAGONAL_AT, _LOCAL_TRIDIAGONAL),
    ),
    "broyden-banded": _system(
        31, broyden_banded, lambda n: [-1.0] * n, _system_of_ten(BROYDEN_BANDED_AT, _LOCAL_BANDED)
    ),
}
