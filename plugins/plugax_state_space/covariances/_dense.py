"""A covariance given as a matrix."""

import jax.numpy as jnp
from jax.core import Tracer
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, ArrayLike, Float, Real

from plugax import PlugaxError

from ._check import check_numbers
from ._covariance import AbstractCovariance


class DenseCovariance(AbstractCovariance):
    """Any covariance with an inverse: B = L Lᵀ, stored as its Cholesky factor L.

    Arguments:
        matrix: B, symmetric and positive definite.

    Errors: `PlugaxError` if the matrix is not symmetric or not positive definite, or holds NaN.
    """

    factor: Float[Array, "size size"]

    def __init__(self, matrix: Real[ArrayLike, "..."]):
        matrix = jnp.asarray(matrix, float)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
            raise PlugaxError(
                f"The matrix of a DenseCovariance must be square, with at least one row; got "
                f"shape {matrix.shape}."
            )
        check_numbers("matrix", matrix, of="DenseCovariance")
        self.factor = jnp.linalg.cholesky(matrix)
        if isinstance(self.factor, Tracer):
            return
        scale = jnp.max(jnp.abs(matrix)) * jnp.finfo(matrix.dtype).eps * matrix.shape[0]
        gap = jnp.abs(matrix - matrix.T)
        if not bool(jnp.all(gap <= scale)):
            row, column = (int(i) for i in jnp.unravel_index(jnp.argmax(gap), gap.shape))
            raise PlugaxError(
                "The matrix of a DenseCovariance must be symmetric; it is not: "
                f"{matrix[row, column]:g} at [{row}, {column}], {matrix[column, row]:g} at "
                f"[{column}, {row}]."
            )
        if not bool(jnp.all(jnp.isfinite(self.factor))):
            raise PlugaxError(
                "The matrix of a DenseCovariance must be positive definite; it is not. A "
                "covariance of lower rank is a FactorCovariance."
            )

    @property
    def size(self) -> int:
        """How many errors there are."""
        return self.factor.shape[-1]

    @property
    def dtype(self) -> jnp.dtype:
        """That of the factor."""
        return self.factor.dtype

    def root(self, control: Float[Array, " size"]) -> Float[Array, " size"]:
        """L v."""
        return self.factor.astype(control.dtype) @ control

    def whiten(self, x: Float[Array, " size"]) -> Float[Array, " size"]:
        """L⁻¹ x, by substitution."""
        return solve_triangular(self.factor.astype(x.dtype), x, lower=True)
