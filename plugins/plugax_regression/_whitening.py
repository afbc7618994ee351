"""Whitening of observations with unequal or correlated errors, so that all have equal weight.

With the covariance Σ = L Lᵀ of the observations, L⁻¹ r has independent entries of one variance, and
generalised least squares are ordinary least squares of L⁻¹ X and L⁻¹ y. L is stored as a lower
triangle, or as its diagonal if Σ is diagonal.

Source: Aitken 1936, doi 10.1017/S0370164600014346.
"""

import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from plugax import PlugaxError


def factor_of(covariance: np.ndarray, name: str) -> np.ndarray:
    """L, the lower triangle of a covariance.

    Arguments:
        covariance: Σ, a square matrix.
        name: the name of the covariance in messages.

    Errors: `PlugaxError` if it is not symmetric, or not positive definite.
    """
    rounding = 1e-8 * np.abs(covariance).max(initial=0)
    if not np.allclose(covariance, covariance.T, rtol=0, atol=rounding):
        raise PlugaxError(f"{name} is a covariance, and must be symmetric.")
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as error:
        raise PlugaxError(
            f"{name} is a covariance, and must be positive definite: no combination of "
            "observations is known exactly."
        ) from error


def whiten(factor: Float[Array, "..."] | None, values: Float[Array, "..."]) -> Float[Array, "..."]:
    """L⁻¹ of the values.

    Arguments:
        factor: L, or its diagonal in the shape of the observations; None for 1.
        values: a vector or matrix with a row for every observation, or an array in the shape of the
            observations.
    """
    if factor is None:
        return values
    if factor.ndim == 2 and factor.shape != values.shape:
        flat = values if values.ndim == 2 and len(values) == len(factor) else jnp.ravel(values)
        return solve_triangular(factor, flat, lower=True).reshape(values.shape)
    return values / (factor if factor.ndim == values.ndim else factor[:, None])


def log_determinant(factor: Float[Array, "..."] | None, size: int) -> Float[Array, ""] | float:
    """log |L| of the covariance of `size` observations."""
    if factor is None:
        return 0.0
    triangle = factor.ndim == 2 and factor.size == size * size and size > 1
    return jnp.sum(jnp.log(jnp.diagonal(factor) if triangle else factor))
