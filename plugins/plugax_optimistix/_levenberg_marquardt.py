"""Levenberg–Marquardt: Gauss–Newton with each step damped as much as the model deserves.

    Δ = argmin ‖r + J Δ‖² + λ‖D Δ‖²,    u ← u + Δ,

D being the greatest length that each column of J has had (Moré 1978), so that the unknowns' units do
not matter. The gain ratio ϱ = (decrease of the loss) / (decrease the linear model promised) steers λ
(Nielsen 1999): a poor step is not taken and λ grows by 2, 4, 8 …; after a good one λ shrinks, the
more the nearer ϱ is to 1.

The step is our own on the triangular form of the linearised problem rather than optimistix's: that
one carries the Jacobian as a traced program in its state, which can be neither saved nor compared
between two compilations, and it linearises again where a step is refused.
"""

from typing import ClassVar

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractLeastSquares, AbstractProblem, AbstractSolver

from ._optimality import Optimality
from ._suitable import check_suitable
from ._triangular import Triangular, linearise
from ._vector import Metrics, ResidualFunction, as_vector, residual_function

# λ has grown by a factor of 2⁵⁵ then.
MOST_TRIALS = 10
SUFFICIENT_GAIN = 1e-4
# After a step that went just as promised, λ shrinks to this part of itself.
BEST_SHRINKING = 0.1


class LevenbergMarquardtState(eqx.Module):
    """Where the iteration stands.

    Attributes:
        unknowns: u.
        damping: λ.
        lengths: D, the greatest lengths of the Jacobian's columns so far.
        converged: whether the point that the last step started from passed the test.
        function_evaluations: evaluations of the residuals so far.
        jacobian_evaluations: linearisations so far.
    """

    unknowns: PyTree
    damping: Float[Array, ""]
    lengths: Float[Array, " n"]
    converged: Bool[Array, ""]
    function_evaluations: Int[Array, ""]
    jacobian_evaluations: Int[Array, ""]


class _Trial(eqx.Module):
    """One damped step, looked at.

    Attributes:
        vector: where it leads.
        loss: the loss there.
        gain: ϱ.
        accepted: whether it is good enough.
        damping: λ of this trial.
        next_damping: λ of the next trial, if this one is refused.
        growth: what λ is multiplied with then.
        count: trials so far.
    """

    vector: Float[Array, " n"]
    loss: Float[Array, ""]
    gain: Float[Array, ""]
    accepted: Bool[Array, ""]
    damping: Float[Array, ""]
    next_damping: Float[Array, ""]
    growth: Float[Array, ""]
    count: Int[Array, ""]


class LevenbergMarquardt(AbstractSolver):
    """Nonlinear least squares by damped Gauss–Newton steps, robust from poor starting points.

    The Jacobian is dense: made for up to a few thousand unknowns.

    Converged means: at the point the last step started from, the projection P r of the residuals
    onto the range of the Jacobian J was at most `atol + rtol (‖r‖ + ‖J u‖)`; or it was below what
    rounding lets the loss resolve and the loss no longer decreased. Damping plays no part in the
    test, so short steps cannot pass it.

    Arguments:
        rtol: relative tolerance of the test above; never below ten units of rounding.
        atol: absolute tolerance of the test [the unit of the residuals].
        damping: λ of the first step; small where the start is good.

    Metrics: `loss`, the problem's own, `relative_offset` (what `rtol` is compared with),
    `step_norm` (‖Δ‖; 0 where every step was refused), `damping` (λ of the step), and so far:
    `function_evaluations`, `jacobian_evaluations`.

    Source: Levenberg 1944, doi 10.1090/qam/10666; Marquardt 1963, doi 10.1137/0111030; Moré 1978,
    doi 10.1007/BFb0067700; Madsen, Nielsen and Tingleff 2004, Methods for Non-Linear Least Squares
    Problems, section 3.2.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractLeastSquares
    default_steps: ClassVar[int] = 500

    rtol: float = 1e-8
    atol: float = 0.0
    damping: float = 1e-3

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - deterministic
    ) -> LevenbergMarquardtState:
        """Nothing evaluated yet."""
        check_suitable(problem, unknowns, "levenberg-marquardt")
        vector, _ = as_vector(unknowns)
        none = jnp.asarray(0, "int32")
        return LevenbergMarquardtState(
            unknowns=unknowns,
            damping=jnp.asarray(self.damping, vector.dtype),
            lengths=jnp.zeros_like(vector),
            converged=jnp.asarray(False),
            function_evaluations=none,
            jacobian_evaluations=none,
        )

    def step(
        self,
        problem: AbstractLeastSquares,
        state: LevenbergMarquardtState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[LevenbergMarquardtState, Metrics]:
        """One linearisation, and damped steps from it until one is good."""
        vector, rebuild = as_vector(state.unknowns)
        function = residual_function(problem, rebuild, batch, key)
        linear = linearise(function, vector)
        loss = linear.residuals @ linear.residuals / 2
        offset = jnp.linalg.norm(linear.projection)
        optimality = Optimality(offset, linear.residuals, linear.prediction)
        lengths = jnp.maximum(state.lengths, linear.lengths)
        trial = _search(function, vector, linear, lengths, loss, optimality, state.damping)
        moved = jnp.where(trial.accepted, trial.vector, vector)
        loss_after = jnp.where(trial.accepted, trial.loss, loss)
        state = LevenbergMarquardtState(
            unknowns=rebuild(moved),
            damping=_next_damping(trial),
            lengths=lengths,
            converged=optimality.reached(self.rtol, self.atol)
            | optimality.exhausted(loss, loss_after),
            function_evaluations=state.function_evaluations + 1 + trial.count,
            jacobian_evaluations=state.jacobian_evaluations + 1,
        )
        return state, {
            **linear.metrics,
            "loss": loss,
            "relative_offset": optimality.relative,
            "step_norm": jnp.linalg.norm(moved - vector),
            "damping": trial.damping,
            "function_evaluations": state.function_evaluations,
            "jacobian_evaluations": state.jacobian_evaluations,
        }

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: LevenbergMarquardtState,
    ) -> Bool[Array, ""]:
        """Whether the last step started from a point that passed the test."""
        return state.converged

    def unknowns(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: LevenbergMarquardtState,
    ) -> PyTree:
        """The unknowns after the last step."""
        return state.unknowns


def _search(
    function: ResidualFunction,
    vector: Float[Array, " n"],
    linear: Triangular,
    lengths: Float[Array, " n"],
    loss: Float[Array, ""],
    optimality: Optimality,
    damping: Float[Array, ""],
) -> _Trial:
    """Damped steps with growing λ until one decreases the loss as it should."""
    weights = jnp.where(lengths > 0, lengths, jnp.ones_like(lengths))

    def unfinished(trial: _Trial) -> Bool[Array, ""]:
        return ~trial.accepted & (trial.count < MOST_TRIALS)

    def attempt(last: _Trial) -> _Trial:
        damping = last.next_damping
        step, promised = linear.damped_step(damping, weights)
        moved = vector + step
        residuals, _ = function(moved)
        loss_there = residuals @ residuals / 2
        gain = (loss - loss_there) / jnp.where(promised > 0, promised, jnp.ones_like(promised))
        # Below rounding the gain is noise: such a step is taken unless it visibly harms.
        unresolved = promised <= optimality.rounding
        harmless = unresolved & (loss_there <= loss + optimality.rounding)
        return _Trial(
            vector=moved,
            loss=loss_there,
            gain=jnp.where(unresolved, jnp.ones_like(gain), gain),
            accepted=(gain > SUFFICIENT_GAIN) | harmless,
            damping=damping,
            next_damping=damping * last.growth,
            growth=2 * last.growth,
            count=last.count + 1,
        )

    start = _Trial(
        vector=vector,
        loss=loss,
        gain=jnp.zeros_like(loss),
        accepted=jnp.asarray(False),
        damping=damping,
        next_damping=damping,
        growth=jnp.full_like(damping, 2),
        count=jnp.asarray(0, "int32"),
    )
    return lax.while_loop(unfinished, attempt, start)


def _next_damping(trial: _Trial) -> Float[Array, ""]:
    """λ for the next linearisation, kept where its square root still means something."""
    shrunk = jnp.maximum(BEST_SHRINKING, 1 - (2 * trial.gain - 1) ** 3)
    damping = jnp.where(trial.accepted, trial.damping * shrunk, trial.next_damping)
    epsilon = jnp.finfo(damping.dtype).eps
    return jnp.clip(damping, epsilon**2, epsilon**-2)
