"""Dense linearisation of residuals, reduced to triangular form.

With D the lengths of the Jacobian's columns and J D⁻¹ = Q R,

    ‖r + J Δ‖² = ‖R D Δ + c‖² + constant,    c = Qᵀ r,    ‖c‖ = ‖P r‖,

so everything a step needs is in the small R, c and D. Scaling the columns removes the units of the
unknowns.

R comes from a Cholesky factorisation of the normal equations if these are well conditioned, which
costs a third of an orthogonal factorisation; otherwise from Householder's QR decomposition. The
pivots of the Cholesky factor show whether the squared condition number is too large, so the choice
is made at each step from the matrix itself.

Source: Björck 2024, Numerical Methods for Least Squares Problems, chapter 2,
doi 10.1137/1.9781611977950.
"""

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Bool, Float

from ._box import Room
from ._vector import Metrics, ResidualFunction


class Triangular(eqx.Module):
    """Residuals r(u + Δ) ≈ r + J Δ with J reduced to its triangular factor.

    Attributes:
        residuals: r at u.
        metrics: the problem's own metrics at u.
        transposed: Jᵀ, without the columns of J that were left out.
        prediction: J u.
        lengths: the lengths of J's columns.
        factor: R, upper triangular.
        projection: c = Qᵀ r.
        gradient: Jᵀr, the gradient of the loss.
        held: the unknowns whose columns were left out.
    """

    residuals: Float[Array, " m"]
    metrics: Metrics
    transposed: Float[Array, "n m"]
    prediction: Float[Array, " m"]
    lengths: Float[Array, " n"]
    factor: Float[Array, "n n"]
    projection: Float[Array, " n"]
    gradient: Float[Array, " n"]
    held: Bool[Array, " n"]

    @property
    def scale(self) -> Float[Array, " n"]:
        """D: the lengths of the columns, and 1 for a column of zeros."""
        return _scale(self.lengths)

    def step(self) -> tuple[Float[Array, " n"], Float[Array, ""]]:
        """The Δ that minimises ‖r + J Δ‖, and ‖P r‖.

        If J does not have full rank, Δ is the shortest in units of D, and P projects onto the range
        of J beyond rounding.
        """
        triangular = -solve_triangular(self.factor, self.projection), self.projection

        def by_singular_values(_: tuple) -> tuple:
            left, values, right = jnp.linalg.svd(self.factor)
            rounding = 10 * values.size * jnp.finfo(values.dtype).eps * values[0]
            along = jnp.where(values > rounding, self.projection @ left, 0)
            return jnp.asarray(False), (-(along / jnp.maximum(values, rounding)) @ right, along)

        # A loop, not a condition: under vmap both branches of a condition would be computed.
        _, (step, along) = lax.while_loop(
            lambda carry: carry[0],
            by_singular_values,
            (~_is_well_conditioned(self.factor), triangular),
        )
        return step / self.scale, jnp.linalg.norm(along)

    def step_from(self, residuals: Float[Array, " m"]) -> Float[Array, " n"]:
        """The Δ that minimises ‖r + J Δ‖ for other residuals and the same J, by RᵀR."""
        projection = self.transposed @ residuals / self.scale
        projection = solve_triangular(self.factor, projection, trans="T")
        return -solve_triangular(self.factor, projection) / self.scale

    def step_without(self, blocked: Bool[Array, " n"]) -> Float[Array, " n"]:
        """The Δ that minimises ‖r + J Δ‖ with some unknowns left unchanged."""
        kept = jnp.where(blocked[None], 0, self.factor)
        top = jnp.concatenate([kept, self.projection[:, None]], axis=1)
        bottom = jnp.diag(blocked.astype(kept.dtype))
        bottom = jnp.concatenate([bottom, jnp.zeros_like(self.projection)[:, None]], axis=1)
        factor, projection = triangle(jnp.concatenate([top, bottom]))
        return jnp.where(blocked, 0, -solve_triangular(factor, projection) / self.scale)


def linearise(
    function: ResidualFunction,
    vector: Float[Array, " n"],
    room: Room = Room(None, None),  # noqa: B008 - it never changes
) -> Triangular:
    """The residuals at `vector` and their dense Jacobian, in triangular form.

    The Jacobian is computed column by column, with products J v, if there are more residuals than
    unknowns, and row by row, with products Jᵀ w, if there are fewer.
    """
    residuals, forward, metrics = jax.linearize(function, vector, has_aux=True)
    if residuals.size >= vector.size:
        transposed = jax.vmap(forward)(jnp.eye(vector.size, dtype=vector.dtype))
    else:
        backward = jax.linear_transpose(forward, vector)
        rows = jax.vmap(backward)(jnp.eye(residuals.size, dtype=residuals.dtype))[0]
        transposed = rows.T
    prediction, gradient = vector @ transposed, transposed @ residuals
    squares = jnp.sum(transposed**2, axis=1)
    held = room.held(vector, gradient, 1 / jnp.where(squares > 0, squares, 1))
    transposed = jnp.where(held[:, None], 0, transposed)
    gram = transposed @ transposed.T
    lengths = jnp.sqrt(jnp.diagonal(gram))
    factor, projection = _reduce(transposed, gram, _scale(lengths), residuals, held)
    return Triangular(
        residuals, metrics, transposed, prediction, lengths, factor, projection, gradient, held
    )


def _scale(lengths: Float[Array, " n"]) -> Float[Array, " n"]:
    return jnp.where(lengths > 0, lengths, jnp.ones_like(lengths))


def _reduce(
    transposed: Float[Array, "n m"],
    gram: Float[Array, "n n"],
    scale: Float[Array, " n"],
    residuals: Float[Array, " m"],
    held: Bool[Array, " n"],
) -> tuple[Float[Array, "n n"], Float[Array, " n"]]:
    """R and c = Qᵀr of the scaled matrix, with a row of the identity for each held unknown."""
    epsilon = jnp.finfo(transposed.dtype).eps
    scaled_gram = gram / scale[:, None] / scale[None, :]
    scaled_gram = scaled_gram + jnp.diag(held.astype(gram.dtype))
    lower = lax.linalg.cholesky(scaled_gram, symmetrize_input=False)

    def cholesky() -> tuple[Float[Array, "n n"], Float[Array, " n"]]:
        return lower.T, solve_triangular(lower, transposed @ residuals / scale, lower=True)

    def householder() -> tuple[Float[Array, "n n"], Float[Array, " n"]]:
        count, rows = transposed.shape
        top = jnp.concatenate([transposed.T / scale[None, :], residuals[:, None]], axis=1)
        # Rows at the level of rounding keep R invertible if J does not have full rank; a step then
        # hardly changes what the residuals do not determine.
        tiny = jnp.asarray(max(count, rows) * epsilon, transposed.dtype)
        rows_below = jnp.where(held, 1, tiny)[:, None]
        bottom = rows_below * jnp.eye(count, count + 1, dtype=transposed.dtype)
        return triangle(jnp.concatenate([top, bottom]))

    return lax.cond(_is_well_conditioned(lower), cholesky, householder)


def _is_well_conditioned(factor: Float[Array, "n n"]) -> Bool[Array, ""]:
    """Whether the pivots of a matrix with columns of length 1 are far from zero.

    With pivots above ε^¼ a step from the Cholesky factor has a relative error of about √ε, which
    the next step removes. A failed factorisation gives NaN, which fails the comparison.
    """
    return jnp.min(jnp.abs(jnp.diagonal(factor))) > jnp.finfo(factor.dtype).eps ** 0.25


def triangle(
    joined: Float[Array, "rows columns"],
) -> tuple[Float[Array, "n n"], Float[Array, " n"]]:
    """R and Qᵀb from the matrix [A b], without forming Q."""
    factor = jnp.linalg.qr(joined, mode="r")
    count = joined.shape[1] - 1
    return factor[:count, :count], factor[:count, count]
