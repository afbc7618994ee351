"""Levenberg–Marquardt: Gauss–Newton steps kept within a region where the linear model holds.

    Δ = argmin ‖r + J Δ‖ with ‖D Δ‖ ≤ ϱ,    u ← u + Δ,

D being the greatest length that each column of J has had, so that the unknowns' units do not
matter. The gain ratio, (decrease of the loss) / (decrease the linear model promised), steers the
radius ϱ: a poor step is not taken and ϱ shrinks to a half or a tenth of it; after a good one ϱ is
twice the step. Steering the radius rather than the damping (Levenberg's and Marquardt's λ, which
follows from ϱ) lets full Gauss–Newton steps through wherever they are good, so convergence is as
fast as theirs even where J is ill-conditioned.

The step is our own, on the triangular form of the linearised problem, rather than optimistix's:
that one carries the Jacobian as a traced program in its state, which can be neither saved nor
compared between two compilations, and it linearises again where a step is refused.
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
from ._trust_region import BoundedStep, bounded_step
from ._vector import Metrics, ResidualFunction, as_vector, residual_function

MOST_TRIALS = 30
SUFFICIENT_GAIN = 1e-4
POOR_GAIN, GOOD_GAIN = 0.25, 0.75


class LevenbergMarquardtState(eqx.Module):
    """Where the iteration stands.

    Attributes:
        unknowns: u.
        radius: ϱ, and 0 before the first step.
        damping: λ of the last step.
        lengths: D, the greatest lengths of the Jacobian's columns so far.
        converged: whether the point that the last step started from passed the test.
        function_evaluations: evaluations of the residuals so far.
        jacobian_evaluations: linearisations so far.
    """

    unknowns: PyTree
    radius: Float[Array, ""]
    damping: Float[Array, ""]
    lengths: Float[Array, " n"]
    converged: Bool[Array, ""]
    function_evaluations: Int[Array, ""]
    jacobian_evaluations: Int[Array, ""]


class _Trial(eqx.Module):
    """One bounded step, looked at.

    Attributes:
        vector: where it leads.
        loss: the loss there.
        accepted: whether it is good enough.
        damping: its λ.
        radius: ϱ for what comes after it.
        count: trials so far.
    """

    vector: Float[Array, " n"]
    loss: Float[Array, ""]
    accepted: Bool[Array, ""]
    damping: Float[Array, ""]
    radius: Float[Array, ""]
    count: Int[Array, ""]


class LevenbergMarquardt(AbstractSolver):
    """Nonlinear least squares by bounded Gauss–Newton steps, robust from poor starting points.

    The Jacobian is dense: made for up to a few thousand unknowns.

    Converged means: at the point the last step started from, the projection P r of the residuals
    onto the range of the Jacobian J was at most `atol + rtol (‖r‖ + ‖J u‖)`; or it was below what
    rounding lets the loss resolve and the loss no longer decreased. The radius plays no part in the
    test, so short steps cannot pass it. The step has been taken on top of that.

    Arguments:
        rtol: relative tolerance of the test above; never below ten units of rounding.
        atol: absolute tolerance of the test [the unit of the residuals].
        radius: ϱ of the first step, relative to ‖D u‖ (to ‖r‖ where u = 0).

    Metrics: `loss`, the problem's own, `relative_offset` (what `rtol` is compared with),
    `step_norm` (‖Δ‖; 0 where every step was refused), `damping` (λ of the step; 0 for a full
    one), `radius` (ϱ after it, in the unit of the residuals), and so far: `function_evaluations`,
    `jacobian_evaluations`.

    Source: Levenberg 1944, doi 10.1090/qam/10666; Marquardt 1963, doi 10.1137/0111030; Moré 1978,
    doi 10.1007/BFb0067700.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractLeastSquares
    default_steps: ClassVar[int] = 1000

    rtol: float = 1e-8
    atol: float = 0.0
    radius: float = 100.0

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
            radius=jnp.zeros_like(vector, shape=()),
            damping=jnp.zeros_like(vector, shape=()),
            lengths=jnp.zeros_like(vector),
            converged=jnp.asarray(False),
            function_evaluations=none,
            jacobian_evaluations=none,
        )

    def step(
        self,
        problem: AbstractProblem,
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
        weights = jnp.where(lengths > 0, lengths, jnp.ones_like(lengths))
        size = jnp.linalg.norm(weights * vector)
        size = jnp.where(size > 0, size, jnp.linalg.norm(linear.residuals))
        first = jnp.asarray(self.radius, size.dtype) * size
        start = _Trial(
            vector=vector,
            loss=loss,
            accepted=jnp.asarray(False),
            damping=state.damping,
            radius=jnp.where(state.radius > 0, state.radius, first),
            count=jnp.asarray(0, "int32"),
        )
        trial = _search(function, linear, weights, optimality, start)
        moved = jnp.where(trial.accepted, trial.vector, vector)
        loss_after = jnp.where(trial.accepted, trial.loss, loss)
        state = LevenbergMarquardtState(
            unknowns=rebuild(moved),
            radius=trial.radius,
            damping=trial.damping,
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
            "radius": trial.radius,
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
    linear: Triangular,
    weights: Float[Array, " n"],
    optimality: Optimality,
    start: _Trial,
) -> _Trial:
    """Steps within smaller and smaller radii until one decreases the loss as it should."""
    vector, loss = start.vector, start.loss
    relative = weights / linear.scale
    floor = jnp.finfo(loss.dtype).tiny

    def unfinished(trial: _Trial) -> Bool[Array, ""]:
        return ~trial.accepted & (trial.count < MOST_TRIALS)

    def attempt(last: _Trial) -> _Trial:
        bounded = bounded_step(
            linear.factor, linear.projection, relative, last.radius, last.damping
        )
        moved = vector + bounded.step / linear.scale
        residuals, _ = function(moved)
        loss_there = residuals @ residuals / 2
        # Below rounding the gain is noise: such a step is taken unless it visibly harms.
        unresolved = bounded.promised <= optimality.rounding
        harmless = unresolved & (loss_there <= loss + optimality.rounding)
        gain = (loss - loss_there) / jnp.maximum(bounded.promised, floor)
        gain = jnp.where(harmless, jnp.ones_like(gain), gain)
        return _Trial(
            vector=moved,
            loss=loss_there,
            accepted=gain > SUFFICIENT_GAIN,
            damping=bounded.damping,
            radius=_next_radius(gain, last.radius, bounded),
            count=last.count + 1,
        )

    return lax.while_loop(unfinished, attempt, start)


def _next_radius(
    gain: Float[Array, ""], radius: Float[Array, ""], bounded: BoundedStep
) -> Float[Array, ""]:
    """Twice the length of a good step; part of a poor one's, by a parabola through both losses."""
    # The loss at u + tΔ is known at t = 0, with its slope, and at t = 1; a gain that is not a
    # number, as from a loss that is not, leaves the smallest part.
    part = bounded.slope / (2 * (bounded.slope - gain * bounded.promised))
    part = jnp.where(jnp.isfinite(part), jnp.clip(part, 0.1, 0.5), 0.1)
    shorter = part * jnp.minimum(radius, 10 * bounded.length)
    good = (gain >= GOOD_GAIN) | ((bounded.damping <= 0) & (gain > POOR_GAIN))
    kept = jnp.where(good, 2 * bounded.length, radius)
    return jnp.where(gain > POOR_GAIN, kept, shorter)
