"""How well a Jacobian determines the unknowns, and which ones it does not determine at all.

With D the lengths of J's columns and J D⁻¹ = Q R, the rank is the number of singular values of R
above rounding, so that it does not depend on units. If it is full, (JᵀJ)⁻¹ = W Wᵀ with W = D⁻¹ R⁻¹.
If not, with R = U S Vᵀ and V = [V₁ V₀], V₀ belonging to the singular value zero,

    W = D⁻¹ V₁ S₁⁻¹,

and an unknown is undetermined if its row of V₀ is not zero: it may be moved along D⁻¹ V₀ without
changing any residual, to first order. The rows of W are right for all other unknowns. Held unknowns
are left out of J.

Source: Golub and Van Loan 2013, Matrix Computations, 5.5, doi 10.56021/9781421407944.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Bool, Float, Int

# Derivatives are rounded, so a column that depends on others does so to a few units of rounding.
ROUNDING_UNITS = 10


class Determination(NamedTuple):
    """How a Jacobian determines the unknowns.

    Attributes:
        root: W, with rows of zeros for held unknowns.
        rank: the number of determined directions of the unknowns that are not held.
        null: D⁻¹ V₀ with columns of zeros for V₁: the directions that do not change the residuals.
        held: which unknowns are held.
        undetermined: which unknowns are not determined.
    """

    root: Float[Array, "n n"]
    rank: Int[Array, ""]
    null: Float[Array, "n n"]
    held: Bool[Array, " n"]
    undetermined: Bool[Array, " n"]

    @property
    def relative_deviations(self) -> Float[Array, " n"]:
        """√diag((JᵀJ)⁻¹), infinite for undetermined unknowns, 0 for held ones."""
        lengths = jnp.linalg.norm(self.root, axis=1)
        return jnp.where(self.undetermined | ~jnp.isfinite(lengths), jnp.inf, lengths)

    @property
    def correlations(self) -> Float[Array, "n n"]:
        """Correlations of the unknowns; 0 with held or undetermined ones, 1 with itself."""
        lengths = jnp.linalg.norm(self.root, axis=1)
        known = (lengths > 0) & ~self.undetermined
        unit = jnp.where(known[:, None], self.root / jnp.where(known, lengths, 1)[:, None], 0)
        products = jnp.matmul(unit, unit.T, precision="highest")
        return jnp.where(jnp.eye(len(lengths), dtype=bool), 1, products)

    def deviations_along(self, gradients: Float[Array, "places n"]) -> Float[Array, " places"]:
        """√(g (JᵀJ)⁻¹ gᵀ) of every row g, infinite if it depends on undetermined unknowns."""
        # Held unknowns do not move.
        gradients = jnp.where(self.held[None, :], 0, gradients)
        lengths = jnp.linalg.norm(jnp.matmul(gradients, self.root, precision="highest"), axis=1)
        along = jnp.linalg.norm(jnp.matmul(gradients, self.null, precision="highest"), axis=1)
        size = jnp.linalg.norm(gradients, axis=1) * jnp.linalg.norm(self.null)
        lost = along > jnp.finfo(along.dtype).eps ** 0.5 * size
        return jnp.where(lost, jnp.inf, lengths)

    def covariance(self, scale: Float[Array, ""]) -> Float[Array, "n n"]:
        """scale² (JᵀJ)⁻¹, the limit of J with ever weaker ties: infinite along V₀."""
        scaled = scale * self.root
        finite = jnp.matmul(scaled, scaled.T, precision="highest")
        both = self.undetermined[:, None] & self.undetermined[None, :]
        lengths = jnp.linalg.norm(self.null, axis=1)
        unit = self.null / jnp.where(lengths > 0, lengths, 1)[:, None]
        cosines = jnp.matmul(unit, unit.T, precision="highest")
        tied = both & (jnp.abs(cosines) > jnp.finfo(cosines.dtype).eps ** 0.5)
        covariance = jnp.where(tied, jnp.sign(cosines) * jnp.inf, finite)
        # Without degrees of freedom the scale is infinite, but held unknowns keep a variance of 0.
        either = self.held[:, None] | self.held[None, :]
        return jnp.where(either, 0, covariance)


def determination_of(
    jacobian: Float[Array, "m n"], held: Bool[Array, " n"] | None = None
) -> Determination:
    """How a Jacobian determines the unknowns.

    Arguments:
        jacobian: J, no fewer rows than columns.
        held: which unknowns are held; None for none.
    """
    count = jacobian.shape[1]
    scale = _lengths(jacobian)
    scaled = jacobian / scale[None, :]
    if held is None:
        held = jnp.zeros(count, bool)
    else:
        # A row of its own instead of its column keeps the triangle regular and changes no other.
        scaled = jnp.where(held[None, :], 0, scaled)
        scaled = jnp.concatenate([scaled, jnp.diag(held.astype(scaled.dtype))])
    triangle = jnp.linalg.qr(scaled, mode="r")
    _, values, rows = jnp.linalg.svd(triangle)
    epsilon = jnp.finfo(scaled.dtype).eps
    cut_off = ROUNDING_UNITS * max(jacobian.shape) * epsilon * jnp.max(values)
    counts = values > cut_off
    inverse = solve_triangular(triangle, jnp.eye(count, dtype=scaled.dtype))
    weights = jnp.where(counts, 1 / jnp.where(counts, values, 1), 0)
    root = jnp.where(jnp.all(counts), inverse, rows.T * weights[None, :])
    null = jnp.where(counts[None, :], 0, rows.T)
    return Determination(
        root=jnp.where(held[:, None], 0, root / scale[:, None]),
        rank=jnp.sum(counts, dtype="int32") - jnp.sum(held, dtype="int32"),
        null=null / scale[:, None],
        held=held,
        undetermined=jnp.linalg.norm(null, axis=1) > epsilon**0.5,
    )


def _lengths(matrix: Float[Array, "m n"]) -> Float[Array, " n"]:
    """The lengths of the columns as powers of two, which round nothing; 1 for columns of zeros.

    In two steps, since the squares of small numbers are zero.
    """
    first = power_of_two(jnp.max(jnp.abs(matrix), axis=0))
    return first * power_of_two(jnp.linalg.norm(matrix / first[None, :], axis=0))


def power_of_two(size: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The power of two next above a size; 1 for 0."""
    _, exponents = jnp.frexp(size)
    return jnp.ldexp(jnp.ones_like(size), exponents)
