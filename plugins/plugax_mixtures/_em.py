"""Expectation-maximisation, and its acceleration by squared extrapolation (SQUAREM).

A step begins with two steps of EM, u₁ = M(u₀) and u₂ = M(u₁), and with r = u₁ − u₀ and
v = (u₂ − u₁) − r extrapolates to

    u' = u₀ + 2 s r + s² v,    s = ‖r‖ / ‖v‖,    1 ≤ s ≤ s_max;

for s = 1 this is u₂. If the loss at u' is greater than at u₁, or not finite, u₁ is taken instead.
s_max is multiplied by 4 when it was reached, and starts from 1 again when u' was refused.

EM converges linearly; s is 1/(1 − λ), λ the rate along r, so that s (L(u₀) − L(u₁)) is the decrease
that is left, or more.

Source: Varadhan and Roland 2008, Simple and globally convergent methods for accelerating the
convergence of any EM algorithm, doi 10.1111/j.1467-9469.2007.00585.x.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem, AbstractSolver
from plugax.problems import Metrics

from ._incomplete_data import AbstractIncompleteData

# What the loss loses by rounding, in units of the last place.
ROUNDING_UNITS = 10


class EMState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: u.
        loss: the loss there.
        metrics: the problem's own metrics there.
        statistics: the statistics expected there.
        longest: s_max.
        converged: whether hardly any decrease was left before the last step.
        function_evaluations: expectations so far; 0 means none, not even at u.
    """

    unknowns: PyTree
    loss: Float[Array, ""]
    metrics: Metrics
    statistics: PyTree
    longest: Float[Array, ""]
    converged: Bool[Array, ""]
    function_evaluations: Int[Array, ""]


class ExpectationMaximisation(AbstractSolver[AbstractIncompleteData, EMState]):
    """Expectation-maximisation for likelihoods with hidden variables, accelerated (SQUAREM).

    A step is two steps of EM, and an extrapolation from them. The first step only evaluates the
    starting point.

    Converged means: by the rate at which EM converges, the decrease of the loss that is left is at
    most `atol + rtol |loss|`. A point that EM leaves nowhere need not be a maximum of the
    likelihood; from starts drawn at random it hardly ever is anything else.

    Arguments:
        accelerated: whether to extrapolate; if not, each step is two plain steps of EM.
        rtol: converged if the loss would decrease by no more than this part of it; at least ten
            units of rounding.
        atol: added to that bound [the unit of the loss].

    Metrics: `loss`, the problem's own metrics, `step_norm` (‖r‖), and as a running total:
    `function_evaluations`, the expectations.

    Law: the loss never increases.

    Source: Dempster, Laird and Rubin 1977, doi 10.1111/j.2517-6161.1977.tb01600.x; Varadhan and
    Roland 2008, doi 10.1111/j.1467-9469.2007.00585.x.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractIncompleteData
    needs_all_data: ClassVar[bool] = True
    default_steps: ClassVar[int] = 1000
    example: ClassVar[Mapping[str, Any]] = {
        "problem": {"name": "gaussian-mixture", "components": 2}
    }

    accelerated: bool = eqx.field(static=True, default=True)
    rtol: float = 1e-12
    atol: float = 0.0

    def init(self, problem: AbstractIncompleteData, unknowns: PyTree, key: PRNGKeyArray) -> EMState:
        """The state before any expectation."""
        batch = eqx.filter_eval_shape(problem.data.first)
        shapes = eqx.filter_eval_shape(problem.expectation, unknowns, batch, key)
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        return EMState(
            unknowns=unknowns,
            loss=zeros[0],
            metrics=zeros[1],
            statistics=zeros[2],
            longest=jnp.ones_like(zeros[0]),
            converged=jnp.asarray(False),
            function_evaluations=jnp.asarray(0, "int32"),
        )

    def step(
        self, problem: AbstractIncompleteData, state: EMState, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[EMState, Metrics]:
        """Two steps of EM, and what is extrapolated from them."""
        first = state.function_evaluations == 0
        start, rebuild = ravel_pytree(state.unknowns)
        one = problem.maximisation(state.statistics)
        at_one = problem.expectation(one, batch, key)
        two = problem.maximisation(at_one[2])
        r = ravel_pytree(one)[0] - start
        v = ravel_pytree(two)[0] - start - 2 * r
        norm, bend = jnp.linalg.norm(r), jnp.linalg.norm(v)
        wanted = norm / jnp.where(bend > 0, bend, 1)
        length = jnp.clip(wanted, 1, state.longest) if self.accelerated else jnp.ones_like(norm)
        trial = rebuild(jnp.where(first, start, start + 2 * length * r + length**2 * v))
        at_trial = problem.expectation(trial, batch, key)
        good = first | (at_trial[0] <= at_one[0])
        unknowns = _select(good, trial, one)
        loss, metrics, statistics = _select(good, at_trial, at_one)
        longest = jnp.where(length >= state.longest, 4 * state.longest, state.longest)
        left = jnp.maximum(wanted, 1) * (state.loss - at_one[0])
        rtol = jnp.maximum(jnp.asarray(self.rtol, loss.dtype), _rounding(loss))
        after = EMState(
            unknowns=unknowns,
            loss=loss,
            metrics=metrics,
            statistics=statistics,
            longest=jnp.where(first | ~good, jnp.ones_like(longest), longest),
            converged=~first & (left <= self.atol + rtol * jnp.abs(loss)),
            function_evaluations=state.function_evaluations + jnp.where(first, 1, 2),
        )
        # The first step has evaluated the starting point itself.
        begun = _select(first, (loss, metrics), (state.loss, state.metrics))
        return after, {
            **begun[1],
            "loss": begun[0],
            "step_norm": jnp.where(first, 0, norm),
            "function_evaluations": after.function_evaluations,
        }

    def converged(
        self,
        problem: AbstractIncompleteData,  # noqa: ARG002
        state: EMState,
    ) -> Bool[Array, ""]:
        """Whether hardly any decrease was left."""
        return state.converged

    def unknowns(
        self,
        problem: AbstractIncompleteData,  # noqa: ARG002
        state: EMState,
    ) -> PyTree:
        """The last accepted point."""
        return state.unknowns


def _rounding(loss: Float[Array, ""]) -> Float[Array, ""]:
    return jnp.asarray(ROUNDING_UNITS * jnp.finfo(loss.dtype).eps, loss.dtype)


def _select(first: Bool[Array, ""], one: PyTree, other: PyTree) -> PyTree:
    """`one` or `other`, array by array."""
    return jax.tree.map(lambda a, b: jnp.where(first, a, b), one, other)
