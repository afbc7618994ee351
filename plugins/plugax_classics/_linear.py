"""Problems 32 to 34: linear least squares, of full rank and of rank one."""

import math
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._classic import Classic, Minimum, Residuals


def linear_full_rank(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:
    """fᵢ = xᵢ − (2/m) Σⱼ xⱼ − 1, with xᵢ = 0 for i > n."""
    return jnp.pad(x, (0, m - x.size)) - 2 / m * jnp.sum(x) - 1


def linear_rank_1(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:
    """fᵢ = i Σⱼ j xⱼ − 1."""
    weighted = jnp.arange(1, x.size + 1, dtype=x.dtype) @ x
    return jnp.arange(1, m + 1, dtype=x.dtype) * weighted - 1


def linear_rank_1_zeros(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:
    """fᵢ = (i − 1) Σⱼ j xⱼ − 1, j from 2 to n − 1; and −1 for i = m."""
    inner = np.arange(1, x.size + 1) * np.pad(np.ones(x.size - 2), 1)
    outer = np.arange(m) * np.append(np.ones(m - 1), 0)
    return jnp.asarray(outer, x.dtype) * (jnp.asarray(inner, x.dtype) @ x) - 1


def _of_full_rank(n: int, m: int) -> tuple[Minimum, ...]:
    return (Minimum(float(m - n), [-1.0] * n),)


def _of_rank_1(n: int, m: int) -> tuple[Minimum, ...]:
    weights = np.arange(1.0, n + 1)
    at = weights / (weights @ weights) * 3 / (2 * m + 1)
    return (Minimum(m * (m - 1) / (2 * (2 * m + 1)), at.tolist()),)


def _of_rank_1_zeros(n: int, m: int) -> tuple[Minimum, ...]:
    weights = np.arange(1.0, n + 1) * np.pad(np.ones(n - 2), 1)
    at = weights / (weights @ weights) * 3 / (2 * m - 3)
    return (Minimum((m**2 + 3 * m - 6) / (2 * (2 * m - 3)), at.tolist()),)


def _linear(
    number: int,
    residuals: Residuals,
    minima: Callable[[int, int], tuple[Minimum, ...]],
    least: int,
) -> Classic:
    return Classic(
        number=number,
        residuals=residuals,
        start=_ones,
        minima=minima,
        size=10,
        equations=lambda n: 2 * n,
        least_size=least,
        most_size=math.inf,
        most_equations=math.inf,
    )


def _ones(n: int) -> Sequence[float]:
    return [1.0] * n


LINEAR = {
    "linear-full-rank": _linear(32, linear_full_rank, _of_full_rank, 1),
    "linear-rank-1": _linear(33, linear_rank_1, _of_rank_1, 1),
    "linear-rank-1-zeros": _linear(34, linear_rank_1_zeros, _of_rank_1_zeros, 3),
}
