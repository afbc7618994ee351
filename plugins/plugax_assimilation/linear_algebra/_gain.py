"""The Kalman gain of an ensemble, applied to rows of the observation space."""

import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float


def apply_gain(
    rows: Float[Array, "rows observed"],
    observed: Float[Array, "members observed"],
    anomalies: Float[Array, "members state"],
) -> Float[Array, "rows state"]:
    """K applied to every row x of the whitened observation space.

        x (YᵀY + (N − 1) I)⁻¹ Yᵀ A = x Yᵀ (Y Yᵀ + (N − 1) I)⁻¹ A

    The smaller of the two matrices is factorised. Neither inverse nor covariance is formed.

    Arguments:
        rows: x, a row each.
        observed: Y.
        anomalies: A.
    """
    members, count = observed.shape
    least = jnp.asarray(members - 1, observed.dtype)
    if members <= count:
        gram = observed @ observed.T + least * jnp.eye(members, dtype=observed.dtype)
        return cho_solve(cho_factor(gram), observed @ rows.T).T @ anomalies
    gram = observed.T @ observed + least * jnp.eye(count, dtype=observed.dtype)
    return cho_solve(cho_factor(gram), rows.T).T @ (observed.T @ anomalies)
