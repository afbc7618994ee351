"""The solution in the open: a minimum as a pure function, differentiated by what holds there.

    ∇J(u(θ), θ) = 0    ⇒    du/dθ = −(∇²J)⁻¹ ∂∇J/∂θ

at a minimum u of the loss J, whose data and constants θ are arrays of the problem. The steps that
led to u do not matter for the derivative, so any solver with a test of convergence will do, in any
number of steps, and no memory of them is needed. The equation holds at a root as well, which is the
minimum of half the squared residuals.

Source: A. Griewank and A. Walther, Evaluating Derivatives, 2nd ed. (2008), chapter 15,
doi 10.1137/1.9780898717761; M. Blondel et al. 2022, arXiv:2105.15183.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import lineax as lx
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from ..errors import PlugaxError, UnsuitableProblemError
from ..problems import AbstractProblem, AbstractStatefulProblem, AbstractVariant, Box
from ..solvers import AbstractSolver
from .loop._program import ends, first_state, keys_of
from .request._length import Length
from .request._resolve import resolve

# Up to so many unknowns the Hessian is made and factorised; beyond, conjugate gradients use
# products with it.
DENSE = 500


class Implicit(eqx.Module):
    """A solution as a function.

    Attributes:
        unknowns: the minimum.
        steps: the number of steps that led to it.
        converged: whether the solver's test was passed. If not, `unknowns` is where the steps
            ended, and derivatives are NaN.
    """

    unknowns: PyTree
    steps: Int[Array, ""]
    converged: Bool[Array, ""]


def implicit(
    problem: AbstractProblem | str,
    solver: AbstractSolver | str | None = None,
    *,
    steps: int | None = None,
    seed: int | Int[Array, ""] = 0,
    **options: Any,
) -> Implicit:
    """The solution of `solve` as a pure function of the arrays in a problem.

    It may stand in a loss, under `jit`, `vmap` and `grad`, in forward and reverse mode. The
    derivative is that of the minimum, by the implicit function theorem, to the accuracy to which
    the solver found it; it costs one linear system with the Hessian. For derivatives with respect
    to a starting point, a learning rate or a number of steps, see `unrolled`.

    Arguments:
        problem: as for `solve`; with the same data at every step and without bounds.
        solver: as for `solve`; with a test of convergence.
        steps: as for `solve`.
        seed: as for `solve`.
        options: as for `solve`.

    Errors: those of `solve` for a wrong call; `UnsuitableProblemError` for a problem whose minimum
    is not where the gradient vanishes; `PlugaxError` for a solver without a test.
    """
    problem, solver, plan = resolve(problem, solver, Length(steps), options)
    _check(problem, solver)
    prepared = solver.prepare(problem, plan.steps)
    unknowns, taken, converged = _minimum(problem, solver, prepared, jr.key(seed), plan.steps)
    return Implicit(problem.constrained(unknowns), taken, converged)


@eqx.filter_custom_jvp
def _minimum(
    problem: AbstractProblem, solver: AbstractSolver, prepared: tuple, key: PRNGKeyArray, steps: int
) -> tuple[PyTree, Int[Array, ""], Bool[Array, ""]]:
    """The steps up to the end of a run: unknowns, how many steps, and whether it converged."""
    step_key = keys_of(key)[3]
    batch = _batch(problem, solver, key)
    arrays, static = eqx.partition(first_state(problem, solver, prepared, key), eqx.is_array)

    def ended(arrays: PyTree) -> Bool[Array, ""]:
        converged, stalled = ends(problem, solver, eqx.combine(arrays, static))
        if converged is None:
            raise PlugaxError(
                "The derivative of a solution holds where the solver has converged, and "
                f"{type(solver).__name__} has no test of that. Use one that has (for example "
                "'bfgs', or 'gradient' with a tolerance), or differentiate its steps: "
                "plugax.unrolled."
            )
        return converged if stalled is None else converged | stalled

    def body(carry: tuple) -> tuple:
        number, arrays = carry
        before = eqx.combine(arrays, static)
        own_key = jr.fold_in(step_key, number)
        after, _ = solver.step(problem, before, batch, own_key, *prepared)
        return number + 1, eqx.filter(after, eqx.is_array)

    def unfinished(carry: tuple) -> Bool[Array, ""]:
        return (carry[0] < steps) & ~ended(carry[1])

    taken, arrays = lax.while_loop(unfinished, body, (jnp.asarray(0, "int32"), arrays))
    state = eqx.combine(arrays, static)
    return solver.unknowns(problem, state), taken, jnp.asarray(solver.converged(problem, state))


@_minimum.def_jvp
def _(primals: tuple, tangents: tuple) -> tuple:
    """−(∇²J)⁻¹ (∂∇J/∂θ) dθ; NaN unless the solver has converged."""
    problem, solver, _, key, _ = primals
    unknowns, taken, converged = _minimum(*primals)
    free, rest = eqx.partition(unknowns, eqx.is_inexact_array)
    vector, unravel = ravel_pytree(free)
    step_key = keys_of(key)[3]

    def gradient(problem: AbstractProblem, vector: Array) -> Array:
        def loss(vector: Array) -> Float[Array, ""]:
            batch = _batch(problem, solver, key)
            return problem.loss(eqx.combine(unravel(vector), rest), batch, step_key)[0]

        return jax.grad(loss)(vector)

    at_minimum = lambda problem: gradient(problem, vector)  # noqa: E731
    _, change = eqx.filter_jvp(at_minimum, (problem,), (tangents[0],))
    moved = -_solve(lambda x: jax.jvp(lambda u: gradient(problem, u), (vector,), (x,))[1], change)
    # Added and not multiplied: no NaN is to enter a linear system, in reverse mode either.
    moved += change * jnp.where(converged, 0, jnp.nan).astype(change.dtype)
    return (unknowns, taken, converged), (unravel(moved), None, None)


def _solve(hessian: Callable[[Array], Array], right: Array) -> Array:
    """The solution of H x = b, H symmetric and positive definite."""
    shape = jax.ShapeDtypeStruct(right.shape, right.dtype)
    operator = lx.FunctionLinearOperator(hessian, shape, lx.positive_semidefinite_tag)
    eps = 10 * float(jnp.finfo(right.dtype).eps)
    method = lx.Cholesky() if right.size <= DENSE else lx.CG(rtol=eps, atol=0.0, max_steps=None)
    return lx.linear_solve(operator, right, method, throw=False).value


def _batch(problem: AbstractProblem, solver: AbstractSolver, key: PRNGKeyArray) -> PyTree:
    """The data, which are the same at every step."""
    return solver.data(problem).first(keys_of(key)[2])


def _check(problem: AbstractProblem, solver: AbstractSolver) -> None:
    """Raise `UnsuitableProblemError` unless the gradient vanishes at the solution."""
    name = type(problem).__name__
    if not solver.data(problem).same_every_step:
        raise UnsuitableProblemError(
            f"{name} has other data at every step, so there is no one loss whose minimum the "
            "solution is. Give it FullBatch data, or differentiate the steps: plugax.unrolled."
        )
    bounded = isinstance(problem, AbstractVariant) and isinstance(problem.constraint, Box)
    if (
        bounded
        or isinstance(problem, AbstractStatefulProblem)
        or not problem.suits(AbstractProblem)
    ):
        raise UnsuitableProblemError(
            f"The gradient of {name} need not vanish at its solution, since it has bounds, "
            "constraints, or a state that is carried along. Differentiate the steps: "
            "plugax.unrolled."
        )
