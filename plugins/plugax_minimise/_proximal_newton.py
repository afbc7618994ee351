"""Newton's method for composite problems: a quadratic model of f, with g as it is.

    p = argmin ∇f·p + ½ p·H p + g(u + p),    u ← u + τ p,

τ halved from 1 until f + g falls by at least 10⁻⁴ τ of what ∇f·p + g(u + p) − g(u) promises. Close
to the minimum the fall is below the rounding of f, and is taken from the gradients at both ends, as
½ (∇f + ∇f₊)·τp + g₊ − g.

Source: Hager and Zhang 2005 (the fall from gradients), doi 10.1137/030601880.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._composite import AbstractComposite
from ._gradient_search import Point, search
from ._optimality import MOST_IDLE
from ._quadratic_model import QuadraticModel, minimise_model
from ._suitable import AbstractDeterministicSolver
from ._vector import Metrics, as_vector, tolerance_of
from ._wolfe import ROUNDING_UNITS


class ProximalNewtonState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: u.
        value: f(u).
        gradient: ∇f(u).
        greatest: the greatest |∂f| so far.
        residual: the least residual so far.
        converged: whether u passed the test.
        idle: the number of steps since the residual or, by more than rounding, f + g decreased.
        inner_iterations: the number of semismooth Newton steps so far.
    """

    unknowns: PyTree
    value: Float[Array, ""]
    gradient: Float[Array, " n"]
    greatest: Float[Array, ""]
    residual: Float[Array, ""]
    converged: Bool[Array, ""]
    idle: Int[Array, ""]
    inner_iterations: Int[Array, ""]


class ProximalNewton(AbstractDeterministicSolver[AbstractComposite, ProximalNewtonState]):
    """Minimisation of a smooth convex loss with a separable penalty by proximal Newton steps.

    Each step minimises the quadratic model of f plus the penalty exactly, by an active set. It
    solves dense linear systems, so it is for up to about a thousand unknowns.

    Converged means: where the last step ended, r = (u − prox(u − ℓ ∇f, ℓ))/ℓ has no number larger
    than `rtol` times the largest number of ∇f so far, or than rounding leaves; r is zero exactly at
    a minimum. For g = λ‖u‖₁ these are the conditions of Karush, Kuhn and Tucker: |∂f| ≤ λ where
    u = 0, ∂f = −λ sign(u) elsewhere.

    Arguments:
        rtol: the largest number of r, relative to that of ∇f.

    Metrics: `loss`, the problem's own metrics, `residual` (the largest number of r after
    the step), `step_norm` (‖τ p‖), and as a running total: `inner_iterations`.

    Source: Lee, Sun and Saunders 2014, Proximal Newton-type methods for minimizing composite
    functions, doi 10.1137/130921428.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractComposite
    example: ClassVar[Mapping[str, Any]] = {
        "problem": {"name": "penalised-regression", "strength": 0.1}
    }
    default_steps: ClassVar[int] = 200

    rtol: float = 1e-12

    def unsuitable(self, problem: Any) -> str | None:
        """Whether the penalty is not a sum over the unknowns."""
        reason = super().unsuitable(problem)
        if reason is not None or problem.separable:
            return reason
        return (
            f"needs a penalty that is a sum over the unknowns; that of {type(problem).__name__} is "
            "not separable. Use 'proximal-gradient'."
        )

    def init(
        self,
        problem: AbstractComposite,
        unknowns: PyTree,
        key: PRNGKeyArray,
    ) -> ProximalNewtonState:
        """f and its gradient at the start."""
        self.check_unknowns(problem, unknowns)
        vector, rebuild = as_vector(unknowns)
        value, gradient = jax.value_and_grad(
            lambda at: problem.smooth(rebuild(at), problem.data.first(), key)[0].astype(at.dtype)
        )(vector)
        none = jnp.asarray(0, "int32")
        return ProximalNewtonState(
            unknowns=unknowns,
            value=value,
            gradient=gradient,
            greatest=jnp.max(jnp.abs(gradient)),
            residual=jnp.full_like(value, jnp.inf),
            converged=jnp.asarray(False),
            idle=none,
            inner_iterations=none,
        )

    def step(
        self,
        problem: AbstractComposite,
        state: ProximalNewtonState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[ProximalNewtonState, Metrics]:
        """One Hessian, the minimum of the model, and gradients along the way to it."""
        vector, rebuild = as_vector(state.unknowns)
        metrics = problem.smooth(state.unknowns, batch, key)[1]

        def penalty(at: Float[Array, " n"]) -> Float[Array, ""]:
            return problem.penalty(rebuild(at)).astype(vector.dtype)

        def proximal(at: Float[Array, " n"], length: Float[Array, ""]) -> Float[Array, " n"]:
            return as_vector(problem.proximal(rebuild(at), length))[0]

        hessian = problem.curvature(state.unknowns, batch, key).astype(vector.dtype)
        model = QuadraticModel(hessian, state.gradient - hessian @ vector, penalty, proximal)
        rtol = tolerance_of(self.rtol, vector.dtype)
        target, count = minimise_model(model, vector, rtol * state.greatest / 10)
        begin = Point(vector, state.value, state.gradient, penalty(vector))
        smooth = jax.value_and_grad(
            lambda at: problem.smooth(rebuild(at), batch, key)[0].astype(vector.dtype)
        )
        part, end = search(lambda at: Point(at, *smooth(at), penalty(at)), begin, target)
        moved = model._replace(linear=end.gradient - hessian @ end.vector)
        residual = jnp.max(jnp.abs(moved.residual(end.vector)))
        greatest = jnp.maximum(state.greatest, jnp.max(jnp.abs(end.gradient)))
        eps = jnp.finfo(vector.dtype).eps
        rounding = ROUNDING_UNITS * eps * jnp.max(jnp.abs(hessian) @ jnp.abs(end.vector))
        fell = begin.loss - end.loss > ROUNDING_UNITS * eps * jnp.abs(begin.loss)
        better = (residual < state.residual) | fell
        state = ProximalNewtonState(
            unknowns=rebuild(end.vector),
            value=end.value,
            gradient=end.gradient,
            greatest=greatest,
            residual=jnp.minimum(residual, state.residual),
            converged=residual <= jnp.maximum(rtol * greatest, rounding),
            idle=jnp.where(better, 0, state.idle + 1),
            inner_iterations=state.inner_iterations + count,
        )
        return state, {
            **metrics,
            "loss": begin.loss,
            "residual": residual,
            "step_norm": part * jnp.linalg.norm(target - vector),
            "inner_iterations": state.inner_iterations,
        }

    def converged(
        self,
        problem: AbstractComposite,  # noqa: ARG002
        state: ProximalNewtonState,
    ) -> Bool[Array, ""]:
        """Whether the last step ended at a point that passed the test."""
        return state.converged

    def stalled(
        self,
        problem: AbstractComposite,  # noqa: ARG002
        state: ProximalNewtonState,
    ) -> Bool[Array, ""]:
        """Whether several steps reduced neither loss nor residual, and it is no minimum."""
        return state.idle >= MOST_IDLE

    def unknowns(
        self,
        problem: AbstractComposite,  # noqa: ARG002
        state: ProximalNewtonState,
    ) -> PyTree:
        """The unknowns after the last step."""
        return state.unknowns
