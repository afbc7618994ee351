"""Problems 1, 13 and 20 to 25: sums of squares in any number of unknowns."""

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._classic import Classic, Minimum
from ._minimisers import PENALTY_2_AT, WATSON_AT

_PENALTY = math.sqrt(1e-5)


def extended_rosenbrock(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """f(x) = (10 (x₂ᵢ − x₂ᵢ₋₁²), 1 − x₂ᵢ₋₁) for every pair of unknowns."""
    a, b = x[0::2], x[1::2]
    return jnp.stack([10 * (b - a**2), 1 - a], axis=1).ravel()


def extended_powell(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """f(x) = (a + 10 b, √5 (c − d), (b − 2 c)², √10 (a − d)²) for every four unknowns."""
    a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
    squares = [(b - 2 * c) ** 2, math.sqrt(10) * (a - d) ** 2]
    return jnp.stack([a + 10 * b, math.sqrt(5) * (c - d), *squares], axis=1).ravel()


def watson(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """fᵢ = p′(t) − p(t)² − 1 at t = i / 29, p(t) = Σⱼ xⱼ tʲ⁻¹; and x₁, x₂ − x₁² − 1."""
    powers = (np.arange(1, 30) / 29)[:, None] ** np.arange(x.size)
    slopes = np.arange(1, x.size) * powers[:, :-1]
    curve, slope = jnp.asarray(powers, x.dtype) @ x, jnp.asarray(slopes, x.dtype) @ x[1:]
    return jnp.concatenate([slope - curve**2 - 1, jnp.stack([x[0], x[1] - x[0] ** 2 - 1])])


def penalty_1(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """f(x) = (√a (xᵢ − 1), Σ xⱼ² − ¼) with a = 10⁻⁵."""
    return jnp.append(_PENALTY * (x - 1), jnp.sum(x**2) - 0.25)


def penalty_2(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """f(x) = (x₁ − 0.2, √a (eᵢ + eᵢ₋₁ − yᵢ), √a (eᵢ − exp(−0.1)), Σⱼ (n − j + 1) xⱼ² − 1).

    Here i is from 2 to n, e = exp(x / 10), yᵢ = exp(i / 10) + exp((i − 1) / 10), a = 10⁻⁵.
    """
    known = np.exp(np.arange(1, x.size + 1) / 10)
    grown = jnp.exp(x / 10)
    pairs = grown[1:] + grown[:-1] - jnp.asarray(known[1:] + known[:-1], x.dtype)
    alone = grown[1:] - math.exp(-0.1)
    weights = jnp.arange(x.size, 0, -1, dtype=x.dtype)
    last = weights @ x**2 - 1
    first = x[:1] - 0.2
    return jnp.concatenate([first, _PENALTY * pairs, _PENALTY * alone, last[None]])


def variably_dimensioned(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:  # noqa: ARG001
    """f(x) = (xᵢ − 1, s, s²) with s = Σⱼ j (xⱼ − 1)."""
    away = x - 1
    weighted = jnp.arange(1, x.size + 1, dtype=x.dtype) @ away
    return jnp.concatenate([away, jnp.stack([weighted, weighted**2])])


def _of_watson(n: int, m: int) -> tuple[Minimum, ...]:  # noqa: ARG001 - m is 31
    values = {6: 2.28767e-3, 9: 1.39976e-6, 12: 4.72238e-10}
    return (Minimum(values[n], WATSON_AT[n]),) if n in values else ()


def _of_penalty_1(n: int, m: int) -> tuple[Minimum, ...]:  # noqa: ARG001 - m follows from n
    values = {4: 2.24997e-5, 10: 7.08765e-5}
    # All unknowns are alike at the minimum: 2n x³ + (a − ½) x − a = 0.
    roots = np.roots([2 * n, 0, 1e-5 - 0.5, -1e-5])
    return (Minimum(values[n], [float(max(roots.real))] * n),) if n in values else ()


def _of_penalty_2(n: int, m: int) -> tuple[Minimum, ...]:  # noqa: ARG001 - m follows from n
    values = {4: 9.37629e-6, 10: 2.93660e-4}
    return (Minimum(values[n], PENALTY_2_AT[n]),) if n in values else ()


def _rosenbrock(number: int, size: int, most: int | float) -> Classic:
    return Classic(
        number=number,
        residuals=extended_rosenbrock,
        start=lambda n: [-1.2, 1.0] * (n // 2),
        minima=lambda n, m: (Minimum(0.0, [1.0] * n),),  # noqa: ARG005 - m is n
        size=size,
        equations=lambda n: n,
        least_size=2,
        most_size=most,
        multiple=2,
    )


def _powell(number: int, size: int, most: int | float) -> Classic:
    return Classic(
        number=number,
        residuals=extended_powell,
        start=lambda n: [3.0, -1.0, 0.0, 1.0] * (n // 4),
        minima=lambda n, m: (Minimum(0.0, [0.0] * n),),  # noqa: ARG005 - m is n
        size=size,
        equations=lambda n: n,
        least_size=4,
        most_size=most,
        multiple=4,
    )


VARIABLE = {
    "rosenbrock": _rosenbrock(1, 2, 2),
    "powell-singular": _powell(13, 4, 4),
    "watson": Classic(
        number=20,
        residuals=watson,
        start=lambda n: [0.0] * n,
        minima=_of_watson,
        size=6,
        equations=lambda n: 31,  # noqa: ARG005 - for all n
        least_size=2,
        most_size=31,
    ),
    "extended-rosenbrock": _rosenbrock(21, 10, math.inf),
    "extended-powell-singular": _powell(22, 12, math.inf),
    "penalty-1": Classic(
        number=23,
        residuals=penalty_1,
        start=lambda n: [float(j) for j in range(1, n + 1)],
        minima=_of_penalty_1,
        size=10,
        equations=lambda n: n + 1,
        least_size=1,
        most_size=math.inf,
    ),
    "penalty-2": Classic(
        number=24,
        residuals=penalty_2,
        start=lambda n: [0.5] * n,
        minima=_of_penalty_2,
        size=10,
        equations=lambda n: 2 * n,
        least_size=1,
        most_size=math.inf,
    ),
    "variably-dimensioned": Classic(
        number=25,
        residuals=variably_dimensioned,
        start=lambda n: [1 - j / n for j in range(1, n + 1)],
        minima=lambda n, m: (Minimum(0.0, [1.0] * n),),  # noqa: ARG005 - m follows from n
        size=10,
        equations=lambda n: n + 2,
        least_size=1,
        most_size=math.inf,
    ),
}
