"""The inverse square root of many small symmetric matrices, applied to vectors.

The product form of the iteration of Denman and Beavers, scaled, on matrices M ≥ I:

    X ← ½ μ^{-½} (I + M⁻¹ μ) X
    M ← ½ I + ¼ (M / μ + μ M⁻¹)          X → M₀^{-½} X₀,  M → I

The scale μ = √h brings the eigenvalues, which are in [1, h] for a known h, into [1/√h, √h], so that
4 or 5 iterations are enough. This is quicker than eigenvectors, twice as quick for 7 or 20 members.

Source: S. H. Cheng, N. J. Higham, C. S. Kenney and A. J. Laub, SIAM J. Matrix Anal. Appl. 22
(2001), doi 10.1137/S0895479899364015.
"""

from collections.abc import Callable

import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float

# Up to this size sweeps over all matrices at once are quicker than library factors, one by one.
SMALL = 9


def apply_inverse_root(
    matrices: Float[Array, "batch size size"], vectors: Float[Array, "batch size columns"]
) -> Float[Array, "batch size columns"]:
    """M^{-½} X for symmetric matrices with no eigenvalue below 1.

    Law: the result for one matrix does not depend on the others, to the last bit.
    """
    size = matrices.shape[-1]
    most = jnp.trace(matrices, axis1=-2, axis2=-1) - (size - 1)
    eye = jnp.eye(size, dtype=matrices.dtype)
    if size > SMALL:
        most = most[:, None, None]
        return _iterate(matrices, vectors, most, eye[None], _by_factor, jnp.matmul)
    # The batch axis is last, so that processors work on several matrices at a time.
    matrices, vectors = matrices.transpose(1, 2, 0), vectors.transpose(1, 2, 0)
    most, eye = most[None, None], eye[:, :, None]
    product = lambda a, b: jnp.sum(a[:, :, None] * b[None], 1)  # noqa: E731
    vectors = _iterate(matrices, vectors, most, eye, _by_sweeps, product)
    return vectors.transpose(2, 0, 1)


def _iterate(
    matrices: Float[Array, "..."],
    vectors: Float[Array, "..."],
    most: Float[Array, "..."],
    eye: Float[Array, "..."],
    inverted: Callable[[Array], Array],
    product: Callable[[Array, Array], Array],
) -> Float[Array, "..."]:
    """The iteration, with given functions to invert and to multiply."""

    def on(most: Array) -> Array:
        return most - 1 > jnp.finfo(matrices.dtype).eps

    def improve(at: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        matrices, vectors, most = at
        scale = jnp.sqrt(most)
        inverse = scale * inverted(matrices)
        better = (vectors + product(inverse, vectors)) / (2 * jnp.sqrt(scale))
        vectors = jnp.where(on(most), better, vectors)
        matrices = eye / 2 + (matrices / scale + inverse) / 4
        # New eigenvalues are largest where the old ones were 1 or h.
        return matrices, vectors, (2 + scale + 1 / scale) / 4

    going = lambda at: jnp.any(on(at[2]))  # noqa: E731
    return lax.while_loop(going, improve, (matrices, vectors, most))[1]


def _by_factor(matrices: Float[Array, "batch size size"]) -> Float[Array, "batch size size"]:
    """L⁻ᵀ L⁻¹, with the Cholesky factor L."""
    lower = lax.linalg.cholesky(matrices, symmetrize_input=False)
    eye = jnp.broadcast_to(jnp.eye(matrices.shape[-1], dtype=matrices.dtype), matrices.shape)
    half = lax.linalg.triangular_solve(lower, eye, left_side=True, lower=True)
    return half.mT @ half


def _by_sweeps(matrices: Float[Array, "size size batch"]) -> Float[Array, "size size batch"]:
    """One sweep of every row (Beaton 1964); pivots of a positive definite matrix are positive."""
    number = jnp.arange(matrices.shape[0])

    def sweep(k: Array, matrices: Array) -> Array:
        row = lax.dynamic_index_in_dim(matrices, k, 0, keepdims=False)
        pivot = lax.dynamic_index_in_dim(row, k, 0, keepdims=False)
        divided = row / pivot[None]
        here = (number == k)[:, None, None]
        here_too = (number == k)[None, :, None]
        rest = matrices - row[:, None] * divided[None]
        crossed = jnp.where(here, divided[None], jnp.where(here_too, divided[:, None], rest))
        return jnp.where(here & here_too, -1 / pivot[None, None], crossed)

    return -lax.fori_loop(0, len(number), sweep, matrices)
