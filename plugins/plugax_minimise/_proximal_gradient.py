"""The proximal gradient method with Nesterov's momentum (FISTA), restarted when it overshoots.

    v = u + β (u − u₋),    u₊ = prox(v − ℓ ∇f(v), ℓ),    β = (t₋ − 1)/t,  t = (1 + √(1 + 4 t₋²))/2.

ℓ is halved until f(u₊) ≤ f(v) + ∇f(v)·(u₊ − v) + ‖u₊ − v‖²/(2ℓ); the first is that of the curvature
along the gradient, which is too long if anything. If (v − u₊)·(u₊ − u) > 0, the momentum points
uphill, and t starts again from 1.

Source: Beck and Teboulle 2009, doi 10.1137/080716542; O'Donoghue and Candès 2015 (restarts), doi
10.1007/s10208-013-9150-3.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._composite import AbstractComposite
from ._suitable import AbstractDeterministicSolver
from ._vector import Metrics, as_vector, tolerance_of

MOST_HALVINGS = 60


class ProximalGradientState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: u.
        previous: u₋.
        momentum: t.
        length: ℓ; 0 before the first step.
        greatest: the greatest |∂f| so far.
        converged: whether the last step passed the test.
    """

    unknowns: PyTree
    previous: PyTree
    momentum: Float[Array, ""]
    length: Float[Array, ""]
    greatest: Float[Array, ""]
    converged: Bool[Array, ""]


class ProximalGradient(AbstractDeterministicSolver[AbstractComposite, ProximalGradientState]):
    """Minimisation of a smooth loss with a simple penalty by accelerated proximal gradients.

    It needs gradients and proximal maps alone, so it is for many unknowns; up to about a thousand,
    `proximal-newton` is quicker. The unknowns should have similar curvatures.

    Converged means: the gradient map r = (v − u₊)/ℓ, which is zero exactly at a minimum, has no
    number larger than `rtol` times the largest number of ∇f so far.

    Arguments:
        rtol: the largest number of r, relative to that of ∇f.

    Metrics: `loss`, the problem's own metrics, `residual` (the largest number of r) and `length`
    (ℓ).

    Source: Beck and Teboulle 2009, A fast iterative shrinkage-thresholding algorithm, doi
    10.1137/080716542.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractComposite
    example: ClassVar[Mapping[str, Any]] = {
        "problem": {"name": "penalised-regression", "strength": 0.1}
    }
    default_steps: ClassVar[int] = 10_000

    rtol: float = 1e-8

    def init(
        self,
        problem: AbstractComposite,
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - deterministic
    ) -> ProximalGradientState:
        """No momentum."""
        self.check_unknowns(problem, unknowns)
        zero = jnp.zeros_like(as_vector(unknowns)[0], shape=())
        return ProximalGradientState(unknowns, unknowns, zero + 1, zero, zero, jnp.asarray(False))

    def step(
        self,
        problem: AbstractComposite,
        state: ProximalGradientState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[ProximalGradientState, Metrics]:
        """One gradient at the extrapolated point, and proximal steps until one is short enough."""
        vector, rebuild = as_vector(state.unknowns)
        previous, _ = as_vector(state.previous)
        loss, metrics = problem.loss(state.unknowns, batch, key)

        def smooth(at: Float[Array, " n"]) -> Float[Array, ""]:
            return problem.smooth(rebuild(at), batch, key)[0].astype(vector.dtype)

        momentum = (1 + jnp.sqrt(1 + 4 * jnp.square(state.momentum))) / 2
        ahead = vector + (state.momentum - 1) / momentum * (vector - previous)
        value, gradient = jax.value_and_grad(smooth)(ahead)
        length = lax.cond(
            state.length > 0, lambda: state.length, lambda: _first_length(smooth, ahead, gradient)
        )

        def trial(length: Float[Array, ""]) -> Float[Array, " n"]:
            return as_vector(problem.proximal(rebuild(ahead - length * gradient), length))[0]

        def is_too_long(carry: tuple) -> Bool[Array, ""]:
            length, moved, count = carry
            step = moved - ahead
            bound = value + gradient @ step + step @ step / (2 * length)
            rounding = 10 * jnp.finfo(value.dtype).eps * jnp.abs(value)
            return ~(smooth(moved) <= bound + rounding) & (count < MOST_HALVINGS)

        def halve(carry: tuple) -> tuple:
            length, _, count = carry
            return length / 2, trial(length / 2), count + 1

        first = (length, trial(length), jnp.asarray(0, "int32"))
        length, moved, _ = lax.while_loop(is_too_long, halve, first)
        residual = jnp.max(jnp.abs(ahead - moved)) / length
        greatest = jnp.maximum(state.greatest, jnp.max(jnp.abs(gradient)))
        uphill = (ahead - moved) @ (moved - vector) > 0
        rounding = 10 * jnp.finfo(value.dtype).eps * jnp.max(jnp.abs(moved)) / length
        small = tolerance_of(self.rtol, greatest.dtype) * greatest
        state = ProximalGradientState(
            unknowns=rebuild(moved),
            previous=state.unknowns,
            momentum=jnp.where(uphill, 1, momentum),
            length=length,
            greatest=greatest,
            converged=residual <= jnp.maximum(small, rounding),
        )
        return state, {**metrics, "loss": loss, "residual": residual, "length": length}

    def converged(
        self,
        problem: AbstractComposite,  # noqa: ARG002
        state: ProximalGradientState,
    ) -> Bool[Array, ""]:
        """Whether the last step passed the test."""
        return state.converged

    def unknowns(
        self,
        problem: AbstractComposite,  # noqa: ARG002
        state: ProximalGradientState,
    ) -> PyTree:
        """u."""
        return state.unknowns


def _first_length(smooth, at: Float[Array, " n"], gradient: Float[Array, " n"]) -> Array:
    """‖g‖² / g·H g; 1 if there is no curvature along g."""
    along = jax.jvp(jax.grad(smooth), (at,), (gradient,))[1] @ gradient
    square = gradient @ gradient
    usable = (along > 0) & (square > 0)
    return jnp.where(usable, square / jnp.where(usable, along, 1), 1)
