"""Problem 35: the abscissas of Chebyshev's quadrature with equal weights."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._classic import Classic, Minimum
from ._minimisers import CHEBYQUAD_AT


def chebyquad(x: Float[Array, " n"], m: int) -> Float[Array, " m"]:
    """fᵢ = (1/n) Σⱼ Tᵢ(xⱼ) − ∫ Tᵢ, Tᵢ the Chebyshev polynomials on [0, 1]."""
    shifted = 2 * x - 1

    def advance(
        pair: tuple[Float[Array, " n"], Float[Array, " n"]], _: None
    ) -> tuple[tuple[Float[Array, " n"], Float[Array, " n"]], Float[Array, ""]]:
        before, now = pair
        return (now, 2 * shifted * now - before), jnp.mean(now)

    _, means = jax.lax.scan(advance, (jnp.ones_like(x), shifted), length=m)
    degrees = np.arange(1, m + 1)
    even = degrees % 2 == 0
    # The integral is −1 / (i² − 1) where i is even, and 0 where it is odd.
    integrals = np.where(even, -1 / np.where(even, degrees**2 - 1, 1), 0)
    return means - jnp.asarray(integrals, x.dtype)


def _of_chebyquad(n: int, m: int) -> tuple[Minimum, ...]:
    values = {8: 3.51687e-3, 10: 6.50395e-3, **dict.fromkeys((1, 2, 3, 4, 5, 6, 7, 9), 0.0)}
    return (Minimum(values[n], CHEBYQUAD_AT.get(n)),) if n == m and n in values else ()


CHEBYQUAD = {
    "chebyquad": Classic(
        number=35,
        residuals=chebyquad,
        start=lambda n: [j / (n + 1) for j in range(1, n + 1)],
        minima=_of_chebyquad,
        size=8,
        equations=lambda n: n,
        least_size=1,
        most_size=math.inf,
        most_equations=math.inf,
    ),
}
