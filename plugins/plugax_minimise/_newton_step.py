"""Newton's step, which measures the distance to a minimum in the problem's own scale.

    p = −H⁻¹ g,    which promises the decrease δ = ½ g·H⁻¹g,

with the gradient g and the Hessian H. δ does not change with the units of the unknowns, nor with
any linear change of variables, and near a minimum it is the height of the loss above it. If all
eigenvalues of H are positive, and δ or p is small, there is a minimum; a small gradient alone
proves nothing, since it is also small along a flat valley.

For up to 50 unknowns H is formed, its rows and columns are scaled to a diagonal of ones, and its
eigenvalues are computed. Eigenvalues below rounding are replaced by the least value that can be
distinguished from zero, and negative ones by their absolute value, so that p leads downhill from a
saddle. For more unknowns p comes from conjugate gradients.

Source: Nocedal and Wright 2006, Numerical Optimization, sections 3.4 and 7.1,
doi 10.1007/978-0-387-40065-5.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ._steihaug import minimise_within
from ._vector import tolerance_of

DENSE_UNKNOWNS = 50
# Rounding in an eigenvalue is a few units in the last place of the greatest; this many are allowed
# for, times the number of unknowns.
ROUNDING_UNITS = 10
# For the conjugate gradients: relative size of the residual, and largest number of iterations.
INNER_TOLERANCE = 0.1
INNER_STEPS = 200

Product = Callable[[Float[Array, " n"]], Float[Array, " n"]]


class NewtonStep(eqx.Module):
    """A step, and the decrease that it promises.

    Attributes:
        step: p.
        decrease: δ.
        convex: whether H has no negative eigenvalue, as far as is known.
        definite: whether all its eigenvalues are positive by more than rounding.
        lengths: √|Hᵢᵢ|, the curvature along every unknown; all 1 if H is not formed.
    """

    step: Float[Array, " n"]
    decrease: Float[Array, ""]
    convex: Bool[Array, ""]
    definite: Bool[Array, ""]
    lengths: Float[Array, " n"]

    def is_small(
        self,
        unknowns: Float[Array, " n"],
        reach: Float[Array, " n"],
        loss: Float[Array, ""],
        *,
        rtol: float | Float[Array, ""],
        atol: float | Float[Array, ""],
    ) -> Bool[Array, ""]:
        """δ ≤ atol + rtol |f|, or |p| ≤ √rtol |u| in every unknown.

        Arguments:
            unknowns: u.
            reach: the greatest |u| so far; its rounding error counts as zero.
            loss: f.
            rtol: relative tolerance, never below ten units of rounding.
            atol: absolute tolerance of δ [the unit of the loss].
        """
        relative = tolerance_of(rtol, loss.dtype)
        little = self.decrease <= jnp.asarray(atol, loss.dtype) + relative * jnp.abs(loss)
        rounding = ROUNDING_UNITS * jnp.finfo(loss.dtype).eps
        room = jnp.sqrt(relative) * jnp.abs(unknowns) + rounding * reach
        return little | jnp.all(jnp.abs(self.step) <= room)


def newton_step(product: Product, gradient: Float[Array, " n"]) -> NewtonStep:
    """Newton's step, away from saddles.

    Arguments:
        product: v ↦ H v.
        gradient: g.
    """
    if gradient.size > DENSE_UNKNOWNS:
        return _iterative(product, gradient)
    return scaled_hessian(product, gradient).newton_step(gradient)


def ask_hessian(
    asking: Bool[Array, ""],
    function: Callable[[Float[Array, " n"]], tuple[Float[Array, ""], Any]],
    vector: Float[Array, " n"],
    gradient: Float[Array, " n"],
    judge: Callable[[NewtonStep], Any],
    *,
    unasked: Any,
    unknown: NewtonStep,
) -> Any:
    """Compute Newton's step at a point and judge it, if asked to.

    Arguments:
        asking: whether to compute the step.
        function: the loss, and metrics.
        vector: the point.
        gradient: the gradient there.
        judge: maps the step to the answer; evaluated only if `asking`.
        unasked: the answer if not `asking`.
        unknown: the step to judge if the loss has no second derivative.
    """
    slope = jax.grad(lambda vector: function(vector)[0])
    try:
        # Under vmap, since JAX may find out only there, or when it compiles.
        jax.eval_shape(
            lambda vector: jax.vmap(jax.linearize(slope, vector)[1])(vector[None]), vector
        )
        known = True
    except Exception:
        # The loss has custom derivatives without second derivatives, so the method's step is used.
        known = False

    def answer(_: tuple) -> tuple:
        if not known:
            return jnp.asarray(False), judge(unknown)
        _, product = jax.linearize(slope, vector)
        return jnp.asarray(False), judge(newton_step(product, gradient))

    # A loop, not a condition: under vmap both branches of a condition would be computed.
    return lax.while_loop(lambda carry: carry[0], answer, (asking, unasked))[1]


class ScaledHessian(eqx.Module):
    """H = E V diag(λ) Vᵀ E.

    Attributes:
        diagonal: √|Hᵢᵢ|.
        lengths: E: the diagonal, or a replacement where it is zero.
        eigenvalues: λ.
        eigenvectors: V, in columns.
        rounding: the least eigenvalue that can be distinguished from zero.
    """

    diagonal: Float[Array, " n"]
    lengths: Float[Array, " n"]
    eigenvalues: Float[Array, " n"]
    eigenvectors: Float[Array, "n n"]
    rounding: Float[Array, ""]

    def newton_step(self, gradient: Float[Array, " n"]) -> NewtonStep:
        """Newton's step, with negative eigenvalues replaced by their absolute values."""
        along = self.eigenvectors.T @ (gradient / self.lengths)
        size = jnp.maximum(jnp.abs(self.eigenvalues), self.rounding)
        return NewtonStep(
            step=-(self.eigenvectors @ (along / size)) / self.lengths,
            decrease=jnp.sum(along**2 / size) / 2,
            convex=jnp.all(self.eigenvalues >= -self.rounding),
            definite=jnp.all(self.eigenvalues > self.rounding),
            lengths=self.diagonal,
        )


def scaled_hessian(
    product: Product,
    gradient: Float[Array, " n"],
    least: Float[Array, " n"] | None = None,
) -> ScaledHessian:
    """H by its columns, scaled and decomposed.

    Arguments:
        product: v ↦ H v.
        gradient: g.
        least: lower bounds of E.
    """
    count, dtype = gradient.size, gradient.dtype
    matrix = jax.vmap(product)(jnp.eye(count, dtype=dtype))
    matrix = (matrix + matrix.T) / 2
    diagonal = jnp.sqrt(jnp.abs(jnp.diagonal(matrix)))
    lengths = diagonal if least is None else jnp.maximum(diagonal, least)
    # An unknown without curvature of its own is scaled by its mixed curvature with the others.
    rows = jnp.sqrt(jnp.linalg.norm(matrix, axis=1))
    lengths = jnp.where(lengths > 0, lengths, jnp.where(rows > 0, rows, 1))
    eigenvalues, eigenvectors = jnp.linalg.eigh(matrix / lengths[:, None] / lengths[None])
    most = jnp.max(jnp.abs(eigenvalues))
    rounding = ROUNDING_UNITS * count * jnp.finfo(dtype).eps * jnp.where(most > 0, most, 1)
    return ScaledHessian(diagonal, lengths, eigenvalues, eigenvectors, rounding)


def _iterative(product: Product, gradient: Float[Array, " n"]) -> NewtonStep:
    size = jnp.linalg.norm(gradient)
    inner = minimise_within(
        product,
        gradient,
        jnp.full_like(size, jnp.finfo(size.dtype).max ** 0.25),
        first_radius=1.0,
        tolerance=jnp.asarray(INNER_TOLERANCE, size.dtype),
        steps=INNER_STEPS,
    )
    solved = ~inner.bound & (jnp.linalg.norm(inner.residual) <= INNER_TOLERANCE * size)
    step = jnp.where(inner.bound, -gradient, inner.step)
    decrease = -(gradient + inner.residual) @ inner.step / 2
    return NewtonStep(step, decrease, solved, solved, jnp.ones_like(step))
