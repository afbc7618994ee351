"""Whether a point is a minimum: optimistix's test, of short steps, does not say.

With the gradient g and the Hessian H, a minimum has positive eigenvalues of H, and Newton's step

    p = −H⁻¹ g,    which promises the decrease δ = ½ g·H⁻¹g,

is small: δ ≤ rtol |f|, or |p| ≤ √rtol |u| in every unknown. δ does not depend on units, nor on any
linear change of variables. Rows and columns of H are scaled to a diagonal of ones.

Above 100 unknowns p comes from conjugate gradients, and of the eigenvalues it is only known that
the curvature along p is positive.

Source: Nocedal and Wright 2006, Numerical Optimization, section 3.4, doi
10.1007/978-0-387-40065-5.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.scipy.sparse.linalg import cg
from jaxtyping import Array, Bool, Float

DENSE_UNKNOWNS = 100
# Rounding in an eigenvalue is a few units in the last place of the greatest; this many are allowed
# for, times the number of unknowns.
ROUNDING_UNITS = 10
# For the conjugate gradients: relative size of the residual, and largest number of iterations.
INNER_TOLERANCE = 0.1
INNER_STEPS = 200

Loss = Callable[[Float[Array, " n"]], Float[Array, ""]]


def is_minimum(loss: Loss, unknowns: Float[Array, " n"], rtol: Float[Array, ""]) -> Bool[Array, ""]:
    """Whether H is positive definite and Newton's step small; true without second derivatives.

    Arguments:
        loss: f.
        unknowns: u.
        rtol: relative tolerance, taken as ten units of rounding at least.
    """
    slope = jax.grad(loss)
    try:
        # Under vmap, since JAX may find out only there, or when it compiles.
        jax.eval_shape(lambda u: jax.vmap(jax.linearize(slope, u)[1])(u[None]), unknowns)
    except Exception:
        # No second derivatives, whatever the reason: optimistix's test has to do.
        return jnp.asarray(True)
    gradient, product = jax.linearize(slope, unknowns)
    newton = _dense if unknowns.size <= DENSE_UNKNOWNS else _iterative
    step, definite = newton(product, gradient)
    value = jnp.abs(loss(unknowns)).astype(unknowns.dtype)
    rounding = rounding_of(unknowns.dtype)
    relative = jnp.maximum(rtol, rounding)
    little = -(gradient @ step) / 2 <= relative * value
    room = (jnp.sqrt(relative) + rounding) * jnp.abs(unknowns)
    return definite & (little | jnp.all(jnp.abs(step) <= room))


def rounding_of(dtype: jnp.dtype) -> Float[Array, ""]:
    """Ten units of rounding."""
    return jnp.asarray(ROUNDING_UNITS * jnp.finfo(dtype).eps, dtype)


def _dense(product: Callable, gradient: Float[Array, " n"]) -> tuple[Array, Bool[Array, ""]]:
    """p, and whether all eigenvalues are positive by more than rounding."""
    matrix = jax.vmap(product)(jnp.eye(gradient.size, dtype=gradient.dtype))
    matrix = (matrix + matrix.T) / 2
    diagonal = jnp.sqrt(jnp.abs(jnp.diagonal(matrix)))
    lengths = jnp.where(diagonal > 0, diagonal, 1)
    values, vectors = jnp.linalg.eigh(matrix / lengths[:, None] / lengths[None])
    least = rounding_of(gradient.dtype) * gradient.size * jnp.max(jnp.abs(values))
    definite = jnp.all(values > least)
    along = vectors.T @ (gradient / lengths)
    return -(vectors @ (along / jnp.where(definite, values, 1))) / lengths, definite


def _iterative(product: Callable, gradient: Float[Array, " n"]) -> tuple[Array, Bool[Array, ""]]:
    """p, and whether it solves H p = −g and the curvature along it is positive."""
    step, _ = cg(product, -gradient, tol=INNER_TOLERANCE, maxiter=INNER_STEPS)
    image = product(step)
    residual = jnp.linalg.norm(image + gradient)
    solved = residual <= INNER_TOLERANCE * jnp.linalg.norm(gradient)
    return step, solved & (step @ image >= 0)
