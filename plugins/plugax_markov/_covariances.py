"""Covariances as unconstrained numbers: Σ = L Lᵀ, L lower triangular, with log L on the diagonal.

full: a matrix for every state       tied: one matrix for all states
diagonal: Σ = diag(σ_d²)             spherical: Σ = σ² I
"""

from typing import Literal

import jax.numpy as jnp
import jax.scipy.linalg as jsl
import numpy as np
from jaxtyping import Array, Float

Covariance = Literal["full", "tied", "diagonal", "spherical"]


def factor_of(
    kind: str, shape: Float[Array, "states numbers"], size: int
) -> Float[Array, "states size size"]:
    """L of every state; one if it is tied."""
    if kind in ("full", "tied"):
        rows, columns = np.tril_indices(size)
        values = jnp.where((rows == columns)[None], jnp.exp(shape), shape)
        empty = jnp.zeros((shape.shape[0], size, size), shape.dtype)
        return empty.at[:, rows, columns].set(values)
    deviations = jnp.broadcast_to(jnp.exp(shape), (shape.shape[0], size))
    return deviations[:, :, None] * jnp.eye(size, dtype=shape.dtype)[None]


def shape_of(
    kind: str, covariance: Float[Array, "states size size"]
) -> Float[Array, "states numbers"]:
    """The unconstrained numbers of covariances, of which only the diagonal may count."""
    if kind in ("full", "tied"):
        rows, columns = np.tril_indices(covariance.shape[-1])
        values = jnp.linalg.cholesky(covariance)[:, rows, columns]
        diagonal = (rows == columns)[None]
        return jnp.where(diagonal, jnp.log(jnp.where(diagonal, values, 1)), values)
    variances = jnp.diagonal(covariance, axis1=1, axis2=2)
    if kind == "spherical":
        variances = jnp.mean(variances, axis=1, keepdims=True)
    return jnp.log(variances) / 2


def inverse_factor(factor: Float[Array, "*states size size"]) -> Float[Array, "*states size size"]:
    """L⁻¹."""
    identity = jnp.broadcast_to(jnp.eye(factor.shape[-1], dtype=factor.dtype), factor.shape)
    return jsl.solve_triangular(factor, identity, lower=True)


def log_scale(factor: Float[Array, "*states size size"]) -> Float[Array, "*states"]:
    """log det L."""
    return jnp.sum(jnp.log(jnp.diagonal(factor, axis1=-2, axis2=-1)), axis=-1)
