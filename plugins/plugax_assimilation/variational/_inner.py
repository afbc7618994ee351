"""The quadratic problem within a Gauss–Newton iteration, solved directly or by conjugate gradients.

At a control v with the misfit d(v) and its Jacobian D the increment δ solves

    (I + Dᵀ D) δ = −(v + Dᵀ d)

whose matrix is symmetric and positive definite, with all eigenvalues at least 1.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

Control = Float[Array, " control"]
Misfit = Float[Array, " misfit"]
Push = Callable[[Control], Misfit]
InnerSolver = Literal["auto", "direct", "conjugate-gradients"]
INNER_SOLVERS = get_args(InnerSolver)


class Increment(NamedTuple):
    """δ, the number of conjugate-gradient steps for it, and the norm of the gradient before it."""

    value: Control
    iterations: Int[Array, ""]
    gradient: Float[Array, ""]


Inner = Callable[[Push, Control, Misfit, Float[Array, ""]], Increment]
"""The increment of a linearised problem; the last argument is a reference for the gradient norm."""


def inner_solver(name: InnerSolver, size: int, *, steps: int, rtol: Float[Array, ""]) -> Inner:
    """The solver for a control with `size` numbers.

    Tangent-linear runs for all numbers of the control at once and a Cholesky factor are quicker
    than conjugate gradients if the control is short, since they need no adjoint and work on whole
    matrices.
    """
    if name == "direct" or (name == "auto" and size <= LONGEST_DIRECT):
        return direct
    return lambda push, control, misfit, reference: conjugate_gradients(
        push, control, misfit, reference, steps=steps, rtol=rtol
    )


LONGEST_DIRECT = 64
"""The longest control for which "auto" uses the direct solver.

Measured with Lorenz96 on a CPU: with 40 numbers it is 2 to 4 times quicker over several time steps,
with 80 it is slower, with 320 ten times slower.
"""


def direct(
    push: Push,
    control: Control,
    misfit: Misfit,
    reference: Float[Array, ""],  # noqa: ARG001 - it is exact
) -> Increment:
    """δ by the Cholesky factor of I + Dᵀ D, D column by column from tangent-linear runs."""
    identity = jnp.eye(control.size, dtype=control.dtype)
    columns = jax.vmap(push)(identity)
    factor = jnp.linalg.cholesky(identity + columns @ columns.T)
    gradient = control + columns @ misfit
    increment = -jax.scipy.linalg.cho_solve((factor, True), gradient)
    return Increment(increment, jnp.asarray(0), jnp.linalg.norm(gradient))


def conjugate_gradients(
    push: Push,
    control: Control,
    misfit: Misfit,
    reference: Float[Array, ""],
    *,
    steps: int,
    rtol: Float[Array, ""],
) -> Increment:
    """δ by at most `steps` conjugate-gradient steps from 0.

    They end when the norm of the residual is at most `rtol` times the reference or times the norm
    of the gradient here, whichever is larger.

    Source: M. R. Hestenes and E. Stiefel, J. Res. Natl. Bur. Stand. 49 (1952),
    doi 10.6028/jres.049.044.
    """
    transposed = jax.linear_transpose(push, control)
    pull = lambda misfit: transposed(misfit)[0]  # noqa: E731
    downhill = -(control + pull(misfit))
    start = downhill @ downhill
    enough = jnp.square(rtol.astype(control.dtype)) * jnp.maximum(start, jnp.square(reference))

    def is_unfinished(carry: tuple) -> Array:
        _, _, _, rest, taken = carry
        return (taken < steps) & (rest > enough)

    def step(carry: tuple) -> tuple:
        increment, residual, direction, rest, taken = carry
        curved = direction + pull(push(direction))
        length = rest / (direction @ curved)
        increment = increment + length * direction
        residual = residual - length * curved
        remaining = residual @ residual
        direction = residual + remaining / rest * direction
        return increment, residual, direction, remaining, taken + 1

    none = (jnp.zeros_like(control), downhill, downhill, start, jnp.asarray(0))
    increment, _, _, _, taken = lax.while_loop(is_unfinished, step, none)
    return Increment(increment, taken, jnp.sqrt(start))
