"""Newton's method for composite problems: a quadratic model of f, with g as it is.

    p = argmin ∇f·p + ½ p·H p + g(u + p),    u ← u + τ p,

τ halved from 1 until f + g falls by at least 10⁻⁴ τ of what ∇f·p + g(u + p) − g(u) promises.
"""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._composite import AbstractComposite
from ._optimality import MOST_IDLE
from ._quadratic_model import QuadraticModel, minimise_model
from ._suitable import AbstractDeterministicSolver
from ._vector import Metrics, as_vector, tolerance_of
from ._wolfe import ROUNDING_UNITS

MOST_HALVINGS = 30
SUFFICIENT_DECREASE = 1e-4


class ProximalNewtonState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: u.
        greatest: the greatest |∂f| so far.
        converged: whether the point that the last step started from passed the test.
        idle: the number of steps since f + g last decreased by more than rounding.
        inner_iterations: the number of semismooth Newton steps so far.
    """

    unknowns: PyTree
    greatest: Float[Array, ""]
    converged: Bool[Array, ""]
    idle: Int[Array, ""]
    inner_iterations: Int[Array, ""]


class ProximalNewton(AbstractDeterministicSolver[AbstractComposite, ProximalNewtonState]):
    """Minimisation of a smooth convex loss with a separable penalty by proximal Newton steps.

    Each step minimises the quadratic model of f plus the penalty exactly, by an active set. It
    solves dense linear systems, so it is for up to about a thousand unknowns.

    Converged means: at the point where the last step started, r = (u − prox(u − ℓ ∇f, ℓ))/ℓ has no
    number larger than `rtol` times the largest number of ∇f so far, or than rounding leaves; r is
    zero exactly at a minimum. For g = λ‖u‖₁ these are the conditions of Karush, Kuhn and Tucker:
    |∂f| ≤ λ where u = 0, ∂f = −λ sign(u) elsewhere.

    Arguments:
        rtol: the largest number of r, relative to that of ∇f.

    Metrics: `loss`, the problem's own metrics, `residual` (the largest number of r), `step_norm`
    (‖τ p‖), and as a running total: `inner_iterations`.

    Source: Lee, Sun and Saunders 2014, Proximal Newton-type methods for minimizing composite
    functions, doi 10.1137/130921428.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractComposite
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
        key: PRNGKeyArray,  # noqa: ARG002 - deterministic
    ) -> ProximalNewtonState:
        """Nothing evaluated yet."""
        self.check_unknowns(problem, unknowns)
        zero, none = jnp.zeros_like(as_vector(unknowns)[0], shape=()), jnp.asarray(0, "int32")
        return ProximalNewtonState(unknowns, zero, jnp.asarray(False), none, none)

    def step(
        self,
        problem: AbstractComposite,
        state: ProximalNewtonState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[ProximalNewtonState, Metrics]:
        """One gradient and Hessian, the minimum of the model, and a search along the way to it."""
        vector, rebuild = as_vector(state.unknowns)

        def smooth(at: Float[Array, " n"]) -> tuple[Float[Array, ""], Metrics]:
            value, metrics = problem.smooth(rebuild(at), batch, key)
            return value.astype(vector.dtype), metrics

        def penalty(at: Float[Array, " n"]) -> Float[Array, ""]:
            return problem.penalty(rebuild(at)).astype(vector.dtype)

        def proximal(at: Float[Array, " n"], length: Float[Array, ""]) -> Float[Array, " n"]:
            return as_vector(problem.proximal(rebuild(at), length))[0]

        (value, metrics), gradient = jax.value_and_grad(smooth, has_aux=True)(vector)
        hessian = problem.curvature(state.unknowns, batch, key).astype(vector.dtype)
        model = QuadraticModel(hessian, gradient - hessian @ vector, penalty, proximal)
        greatest = jnp.maximum(state.greatest, jnp.max(jnp.abs(gradient)))
        rounding = jnp.max(jnp.abs(hessian) @ jnp.abs(vector)) * 10 * jnp.finfo(value.dtype).eps
        small = jnp.maximum(tolerance_of(self.rtol, greatest.dtype) * greatest, rounding)
        residual = jnp.max(jnp.abs(model.residual(vector)))
        target, count = minimise_model(model, vector, small / 10)
        before = penalty(vector)
        step = target - vector
        promised = gradient @ step + penalty(target) - before
        loss = value + before
        part, moved, after = _search(
            lambda at: smooth(at)[0] + penalty(at), vector, step, promised, loss
        )
        decreased = loss - after > _rounding(loss)
        state = ProximalNewtonState(
            unknowns=rebuild(moved),
            greatest=greatest,
            converged=residual <= small,
            idle=jnp.where(decreased, 0, state.idle + 1),
            inner_iterations=state.inner_iterations + count,
        )
        return state, {
            **metrics,
            "loss": loss,
            "residual": residual,
            "step_norm": part * jnp.linalg.norm(step),
            "inner_iterations": state.inner_iterations,
        }

    def converged(
        self,
        problem: AbstractComposite,  # noqa: ARG002
        state: ProximalNewtonState,
    ) -> Bool[Array, ""]:
        """Whether the last step started from a point that passed the test."""
        return state.converged

    def stalled(
        self,
        problem: AbstractComposite,  # noqa: ARG002
        state: ProximalNewtonState,
    ) -> Bool[Array, ""]:
        """Whether several steps did not reduce the loss, although this is not a minimum."""
        return state.idle >= MOST_IDLE

    def unknowns(
        self,
        problem: AbstractComposite,  # noqa: ARG002
        state: ProximalNewtonState,
    ) -> PyTree:
        """The unknowns after the last step."""
        return state.unknowns


def _search(
    function, vector: Float[Array, " n"], step: Array, promised: Array, loss: Array
) -> tuple[Array, Array, Array]:
    """τ, u + τ p and the loss there; τ = 0 if no τ is good."""
    rounding = _rounding(loss)

    def is_unfinished(carry: tuple) -> Array:
        part, _, after, count = carry
        enough = after <= loss + SUFFICIENT_DECREASE * part * promised
        # Below rounding, a decrease cannot be seen.
        harmless = (jnp.abs(promised) <= rounding) & (after <= loss + rounding)
        return ~(enough | harmless) & (count < MOST_HALVINGS)

    def halve(carry: tuple) -> tuple:
        part, _, _, count = carry
        part = jnp.where(count + 1 == MOST_HALVINGS, 0, part / 2)
        return part, vector + part * step, function(vector + part * step), count + 1

    first = (jnp.ones_like(loss), vector + step, function(vector + step), jnp.asarray(0, "int32"))
    part, moved, after, _ = lax.while_loop(is_unfinished, halve, first)
    return part, moved, after


def _rounding(loss: Float[Array, ""]) -> Float[Array, ""]:
    """The change of the loss that cannot be distinguished from rounding."""
    return ROUNDING_UNITS * jnp.finfo(loss.dtype).eps * jnp.abs(loss)
