"""Random rotations of an ensemble that keep its mean and its covariance."""

import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ._draws import normals


def rotate_anomalies(
    key: PRNGKeyArray, anomalies: Float[Array, "members columns"]
) -> Float[Array, "members columns"]:
    """Ω A, with Ω as `rotation` draws it, for anomalies whose columns sum to zero.

    If A has fewer columns than members, Ω is not formed. With P A = (0; A′) and A′ = Q R the
    product is P (0; Q′ R). Q′ is uniform among the matrices of the shape of Q with orthonormal
    columns, as is Ω′ Q for a uniform Ω′.
    """
    members, columns = anomalies.shape
    if columns >= members - 1:
        return rotation(key, members, anomalies.dtype) @ anomalies
    triangle = jnp.linalg.qr(reflect(anomalies)[1:], mode="r")
    drawn, factor = jnp.linalg.qr(normals(key, (members - 1, columns), anomalies.dtype))
    # With a positive diagonal the decomposition is unique, and its factor uniform.
    signs = jnp.where(jnp.diagonal(factor) < 0, -1, 1).astype(drawn.dtype)
    inner = jnp.zeros_like(anomalies).at[1:].set((drawn * signs[None]) @ triangle)
    return reflect(inner)


def rotation(key: PRNGKeyArray, members: int, dtype: jnp.dtype) -> Float[Array, "members members"]:
    """An orthogonal matrix Ω with Ω 1 = 1, uniform among all of them.

    Ω = P diag(1, Q) P, where the reflection P (`reflect`) takes the first axis to the diagonal
    1/√N, and Q is uniform (Haar) among the orthogonal matrices of N − 1 dimensions.

    Arguments:
        key: of the draw.
        members: N, at least 2.
        dtype: of Ω.

    Law: Ω Ωᵀ = I, Ω 1 = 1.

    Source: P. Sakov and P. R. Oke, Mon. Wea. Rev. 136 (2008), doi 10.1175/2007MWR2021.1.
    """
    inner = jnp.zeros((members, members), dtype).at[0, 0].set(1)
    inner = inner.at[1:, 1:].set(_orthogonal(key, members - 1, dtype))
    return reflect(reflect(inner).T).T


def reflect(rows: Float[Array, "members numbers"]) -> Float[Array, "members numbers"]:
    """P X, with the Householder reflection P = Pᵀ = P⁻¹ that swaps e₁ and 1/√N.

    Law: if the columns of X sum to zero, as those of anomalies do, the first row of P X is zero.
    """
    members = len(rows)
    normal = jnp.full(members, members**-0.5, rows.dtype).at[0].add(-1)
    scale = 1 / (1 - members**-0.5)  # 2 / ‖normal‖²
    return rows - scale * normal[:, None] * (normal @ rows)[None, :]


def _orthogonal(key: PRNGKeyArray, size: int, dtype: jnp.dtype) -> Float[Array, "size size"]:
    """Q, uniform among the orthogonal matrices: the product of reflections H₁ H₂ … and of signs.

    H_k takes a normal vector in the dimensions from k on to the axis k. The product is the
    orthogonal factor of a normal matrix, but no matrix is factorised.

    Source: G. W. Stewart, SIAM J. Numer. Anal. 17 (1980), doi 10.1137/0717034.
    """
    columns = jnp.tril(normals(key, (size, size), dtype))
    first = jnp.diagonal(columns)
    # A normal number may be exactly zero, and the last column is one number.
    least = jnp.finfo(dtype).eps
    first = jnp.where(jnp.abs(first) < least, least, first)
    below = jnp.sum(jnp.square(jnp.tril(columns, -1)), 0)
    norms = jnp.sqrt(jnp.square(first) + below)
    signs = jnp.where(first < 0, -1, 1).astype(dtype)
    # H_k = I − τ v vᵀ with v_k = 1, as LAPACK has it, takes the column to −sign ‖column‖ e_k.
    vectors = columns / (first + signs * norms)[None, :]
    product = lax.linalg.householder_product(vectors, 1 + jnp.abs(first) / norms)
    return product * -signs[None, :]
