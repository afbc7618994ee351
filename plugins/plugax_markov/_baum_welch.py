"""Expectation-maximisation of hidden Markov models, named after Baum and Welch.

A step goes from v to the largest Q(u | v) (see `_kind.py`), so the loss never rises. Near a minimum
it falls by decreases d_1, d_2 … which shrink by a constant factor r. What is still to come is then

    d_k r / (1 − r),    r = d_k / d_{k−1}    (Aitken),

which a test of d_k alone would miss if r is close to 1, as it often is.

Source: Baum, Petrie, Soules and Weiss 1970, doi 10.1214/aoms/1177697196; the test: Böhning, Dietz,
Schaub, Schlattmann and Lindsay 1994, doi 10.1007/BF01720593.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray, PyTree

from plugax import AbstractProblem, AbstractSolver
from plugax.problems import Metrics

from ._kind import AbstractHiddenMarkov

ROUNDING_UNITS = 10


class BaumWelchState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: u.
        loss: the loss one step before u; infinite at first.
        decrease: how much the loss fell in the step before that; infinite at first.
        converged: whether hardly anything was still to come before the last step.
    """

    unknowns: PyTree
    loss: Float[Array, ""]
    decrease: Float[Array, ""]
    converged: Bool[Array, ""]


class BaumWelch(AbstractSolver[AbstractHiddenMarkov, BaumWelchState]):
    """Expectation-maximisation (EM) of a hidden Markov model: the loss never rises.

    Each step finds the probabilities of all hidden states, and then the parameters that are best
    for these. It needs no step sizes, and is quick where the states are clear; where they are not,
    it takes hundreds of small steps, and `bfgs` is quicker.

    Converged means: two decreases of the loss, if they go on to shrink by the same factor, promise
    a further decrease of at most `atol + rtol |loss|` in all steps to come.

    Arguments:
        rtol: converged if no more than this part of the loss is still to be gained; at least ten
            units of rounding.
        atol: added to the bound [the unit of the loss].

    Metrics: `loss`, the problem's own metrics, and `decrease`, by which the loss fell in the last
    step (0 at first).

    Source: Baum, Petrie, Soules and Weiss 1970, doi 10.1214/aoms/1177697196.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractHiddenMarkov
    needs_all_data: ClassVar[bool] = True
    default_steps: ClassVar[int] = 2000
    example: ClassVar[Mapping[str, Any]] = {"problem": {"name": "hidden-markov-model", "states": 2}}

    rtol: float = 1e-9
    atol: float = 0.0

    def unsuitable(self, problem: Any) -> str | None:
        """Another kind of problem, or options for which there is no step."""
        return super().unsuitable(problem) or problem.no_steps()

    def init(
        self,
        problem: AbstractHiddenMarkov,
        unknowns: PyTree,
        key: PRNGKeyArray,
    ) -> BaumWelchState:
        """Nothing evaluated yet."""
        batch = eqx.filter_eval_shape(problem.data.first)
        loss, _ = eqx.filter_eval_shape(problem.loss, unknowns, batch, key)
        infinite = jnp.full((), jnp.inf, loss.dtype)
        return BaumWelchState(unknowns, infinite, infinite, jnp.asarray(False))

    def step(
        self,
        problem: AbstractHiddenMarkov,
        state: BaumWelchState,
        batch: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - deterministic
    ) -> tuple[BaumWelchState, Metrics]:
        """The expectations, and the best parameters for them."""
        loss, metrics, expectations = problem.expect(state.unknowns, batch)
        decrease = state.loss - loss
        rounding = ROUNDING_UNITS * jnp.finfo(loss.dtype).eps * jnp.abs(loss)
        bound = jnp.maximum(
            jnp.asarray(self.atol, loss.dtype) + jnp.asarray(self.rtol, loss.dtype) * jnp.abs(loss),
            rounding,
        )
        # d² / (d' − d) = d r / (1 − r); a decrease that grows promises nothing yet.
        shrinking = decrease < state.decrease
        known = shrinking & jnp.isfinite(state.decrease)
        gap = jnp.where(known, state.decrease - decrease, 1)
        to_come = jnp.where(known, jnp.square(decrease) / gap, jnp.inf)
        # A few units of rounding have no factor.
        converged = (to_come <= bound) & (decrease <= bound) | (jnp.abs(decrease) <= rounding)
        unknowns = problem.maximise(state.unknowns, expectations, batch)
        after = BaumWelchState(unknowns, loss, decrease, converged)
        begun = jnp.isfinite(decrease)
        return after, {**metrics, "loss": loss, "decrease": jnp.where(begun, decrease, 0)}

    def converged(
        self,
        problem: AbstractHiddenMarkov,  # noqa: ARG002
        state: BaumWelchState,
    ) -> Bool[Array, ""]:
        """Whether hardly anything is still to come."""
        return state.converged

    def unknowns(
        self,
        problem: AbstractHiddenMarkov,  # noqa: ARG002
        state: BaumWelchState,
    ) -> PyTree:
        """Those of the last maximisation."""
        return state.unknowns
