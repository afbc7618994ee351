"""Spaces of triangular matrices, which stand for correlations and covariances."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._space import AbstractSpace


class CholeskyCorrelation(AbstractSpace):
    """Cholesky factors L of correlation matrices L Lᵀ: lower triangles with rows of length 1.

    Lᵢⱼ = tanh(zᵢⱼ) (1 − Σₖ Lᵢₖ²)^½ with the sum over k < j, row by row (Lewandowski, Kurowicka and
    Joe 2009, doi 10.1016/j.jmva.2009.04.008). The density is that of the elements below the
    diagonal.

    Arguments:
        size: the number of rows.

    Errors: `ValueError` if it is less than 2.
    """

    size: int = eqx.field(static=True)

    def __check_init__(self):
        if self.size < 2:
            raise ValueError(f"size must be at least 2; got {self.size}.")

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The shape of z."""
        return (self.size * (self.size - 1) // 2,)

    def __call__(self, z: Float[Array, " k"]) -> tuple[Float[Array, "n n"], Float[Array, ""]]:
        """L, and Σ log(1 − tanh² zᵢⱼ) + ½ log(1 − Σₖ Lᵢₖ²)."""
        below = np.tril_indices(self.size, -1)
        # log(1 − tanh² z) = 2 (log 2 − |z| − log(1 + exp(−2 |z|))), without cancellation.
        size = jnp.abs(z)
        log_rest = 2 * (np.log(2.0) - size - jnp.log1p(jnp.exp(-2 * size)))
        empty = jnp.zeros((self.size, self.size), z.dtype)
        halves = empty.at[below].set(log_rest / 2)
        # What is left of the length of a row before its element j.
        left = jnp.cumsum(halves, axis=1) - halves
        factors = empty.at[below].set(jnp.tanh(z)) + jnp.eye(self.size, dtype=z.dtype)
        return jnp.tril(factors * jnp.exp(left)), jnp.sum(log_rest) + jnp.sum(left[below])

    def inverse(self, x: Float[Array, "n n"]) -> Float[Array, " k"]:
        """The inverse hyperbolic tangents of the partial correlations."""
        squares = jnp.cumsum(x**2, axis=1) - x**2
        below = np.tril_indices(self.size, -1)
        return jnp.arctanh(x[below] / jnp.sqrt(1 - squares[below]))


class CholeskyCovariance(AbstractSpace):
    """Cholesky factors L of covariances L Lᵀ: lower triangles with a positive diagonal, exp zᵢᵢ.

    The density is that of the elements of L.

    Arguments:
        size: the number of rows.

    Errors: `ValueError` if it is less than 1.
    """

    size: int = eqx.field(static=True)

    def __check_init__(self):
        if self.size < 1:
            raise ValueError(f"size must be at least 1; got {self.size}.")

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The shape of z."""
        return (self.size * (self.size + 1) // 2,)

    def __call__(self, z: Float[Array, " k"]) -> tuple[Float[Array, "n n"], Float[Array, ""]]:
        """L, and Σ zᵢᵢ."""
        rows, columns = np.tril_indices(self.size)
        on_diagonal = rows == columns
        empty = jnp.zeros((self.size, self.size), z.dtype)
        values = jnp.where(on_diagonal, jnp.exp(jnp.where(on_diagonal, z, 0)), z)
        return empty.at[rows, columns].set(values), jnp.sum(jnp.where(on_diagonal, z, 0))

    def inverse(self, x: Float[Array, "n n"]) -> Float[Array, " k"]:
        """The lower triangle, with logarithms on the diagonal."""
        rows, columns = np.tril_indices(self.size)
        values = x[rows, columns]
        return jnp.where(rows == columns, jnp.log(jnp.where(rows == columns, values, 1)), values)
