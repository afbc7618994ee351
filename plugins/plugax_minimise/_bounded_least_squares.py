"""The shared part of least-squares methods with a trust region: linearise, step, adjust the radius.

    Δ = a step that makes ‖r + J Δ‖ small, with ‖D Δ‖ ≤ ϱ,    u ← u + Δ,

where D is the greatest length that each column of J has had, so that the unknowns' units do not
matter. The gain ratio, (decrease of the loss) / (decrease promised by the linear model), controls
the radius ϱ: a poor step is not taken, and ϱ shrinks to a half or a tenth of it; after a good step
ϱ is twice its length. A step to a loss of NaN is poor. The methods differ in the step.

Source: Moré 1978, The Levenberg–Marquardt algorithm: implementation and theory, doi
10.1007/BFb0067700.
"""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractLeastSquares, AbstractProblem

from ._box import Room, room_of
from ._optimality import MOST_IDLE, Optimality, is_lost
from ._suitable import AbstractDeterministicSolver
from ._triangular import Triangular, linearise
from ._trust_region import BoundedStep
from ._vector import Metrics, ResidualFunction, as_vector, residual_function

MOST_TRIALS = 30
SUFFICIENT_GAIN = 1e-4
POOR_GAIN, GOOD_GAIN = 0.25, 0.75


# Computes the step from R, c, the diagonal of E, ϱ, and a first guess of λ.
Method = Callable[[Array, Array, Array, Array, Array], BoundedStep]


class RegionState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: u.
        radius: ϱ, and 0 before the first step.
        damping: λ of the last step.
        lengths: D, the greatest lengths of the Jacobian's columns so far.
        reach: the greatest |u| so far, by unknown.
        converged: whether the point that the last step started from passed the test.
        idle: the number of steps since the loss last decreased by more than rounding in total.
        mark: the loss at that step.
        function_evaluations: evaluations of the residuals so far.
        jacobian_evaluations: linearisations so far.
    """

    unknowns: PyTree
    radius: Float[Array, ""]
    damping: Float[Array, ""]
    lengths: Float[Array, " n"]
    reach: Float[Array, " n"]
    converged: Bool[Array, ""]
    idle: Int[Array, ""]
    mark: Float[Array, ""]
    function_evaluations: Int[Array, ""]
    jacobian_evaluations: Int[Array, ""]


class _Trial(eqx.Module):
    """One bounded step, evaluated.

    Attributes:
        vector: the point it leads to.
        loss: the loss at this point.
        accepted: whether the step is good enough.
        damping: the λ of the step.
        radius: ϱ after the step.
        count: the number of trials so far.
    """

    vector: Float[Array, " n"]
    loss: Float[Array, ""]
    accepted: Bool[Array, ""]
    damping: Float[Array, ""]
    radius: Float[Array, ""]
    count: Int[Array, ""]


class AbstractTrustRegion(AbstractDeterministicSolver[AbstractLeastSquares, RegionState]):
    """Least squares by steps within a trust region; subclasses differ in how they compute a step.

    - `rtol`, `atol`, `radius`: as the solvers document them.
    - `method`: computes a step s that makes ‖R s + c‖ small with ‖E s‖ ≤ ϱ, as `bounded_step` does.
    """

    method: eqx.AbstractClassVar[Method]

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
    ) -> RegionState:
        """Nothing evaluated yet."""
        self.check_unknowns(problem, unknowns)
        unknowns = room_of(problem).enter(unknowns)
        vector, _ = as_vector(unknowns)
        none = jnp.asarray(0, "int32")
        return RegionState(
            unknowns=unknowns,
            radius=jnp.zeros_like(vector, shape=()),
            damping=jnp.zeros_like(vector, shape=()),
            lengths=jnp.zeros_like(vector),
            reach=jnp.abs(vector),
            converged=jnp.asarray(False),
            idle=none,
            mark=jnp.full_like(vector, jnp.inf, shape=()),
            function_evaluations=none,
            jacobian_evaluations=none,
        )

    def step(
        self, problem: AbstractProblem, state: RegionState, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[RegionState, Metrics]:
        """One linearisation, and bounded steps from it until one is good."""
        return _take_step(
            problem,
            state,
            batch,
            key,
            self.method,
            rtol=self.rtol,
            atol=self.atol,
            radius=self.radius,
        )

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: RegionState,
    ) -> Bool[Array, ""]:
        """Whether the last step started from a point that passed the test."""
        return state.converged

    def stalled(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: RegionState,
    ) -> Bool[Array, ""]:
        """Whether several steps did not reduce the loss, although the test is not passed."""
        return state.idle >= MOST_IDLE

    def unknowns(
        self,
        problem: AbstractProblem,
        state: RegionState,
    ) -> PyTree:
        """The unknowns after the last step."""
        return room_of(problem).leave(state.unknowns)


def _take_step(
    problem: AbstractProblem,
    state: RegionState,
    batch: PyTree,
    key: PRNGKeyArray,
    method: Method,
    *,
    rtol: float | Float[Array, ""],
    atol: float | Float[Array, ""],
    radius: float | Float[Array, ""],
) -> tuple[RegionState, Metrics]:
    """One linearisation, and bounded steps from it until one is good.

    Arguments:
        problem: the problem.
        state: the run state.
        batch: all data.
        key: random key of the residuals.
        method: computes a step.
        rtol: as the solvers document it.
        atol: as the solvers document it.
        radius: as the solvers document it.
    """
    vector, rebuild = as_vector(state.unknowns)
    room = room_of(problem)
    function = residual_function(room.problem, rebuild, batch, key)
    linear = linearise(function, vector, room)
    loss = linear.residuals @ linear.residuals / 2
    offset = jnp.linalg.norm(linear.projection)
    optimality = Optimality(offset, linear.residuals, linear.prediction)
    lengths = jnp.maximum(state.lengths, linear.lengths)
    weights = jnp.where(lengths > 0, lengths, jnp.ones_like(lengths))
    size = jnp.linalg.norm(weights * vector)
    size = jnp.where(size > 0, size, jnp.linalg.norm(linear.residuals))
    first = jnp.asarray(radius, size.dtype) * size
    start = _Trial(
        vector=vector,
        loss=loss,
        accepted=jnp.asarray(False),
        damping=state.damping,
        radius=jnp.where(state.radius > 0, state.radius, first),
        count=jnp.asarray(0, "int32"),
    )
    trial = _search(method, function, linear, weights, optimality, room, start)
    moved = jnp.where(trial.accepted, trial.vector, vector)
    loss_after = jnp.where(trial.accepted, trial.loss, loss)
    now = jnp.where(linear.held, lengths, linear.lengths)
    lost = is_lost(now, lengths, state.reach, loss)
    reached = optimality.is_reached(rtol, atol)
    idle, mark = optimality.count_idle(state.idle, state.mark, loss, loss_after)
    exhausted = optimality.is_exhausted(loss, loss_after, idle)
    gradient = jnp.where(linear.held, 0, linear.gradient)
    confirmed, moved = optimality.confirm(
        idle, function, vector, gradient, state.reach, linear.held, room, moved
    )
    state = RegionState(
        unknowns=rebuild(moved),
        radius=trial.radius,
        damping=trial.damping,
        lengths=lengths,
        reach=jnp.maximum(state.reach, jnp.abs(moved)),
        converged=(reached | exhausted | confirmed) & ~lost,
        idle=idle,
        mark=mark,
        function_evaluations=state.function_evaluations + 1 + trial.count,
        jacobian_evaluations=state.jacobian_evaluations + 1,
    )
    return state, {
        **linear.metrics,
        "loss": loss,
        "relative_offset": optimality.relative,
        "step_norm": jnp.linalg.norm(moved - vector),
        "radius": trial.radius,
        "function_evaluations": state.function_evaluations,
        "jacobian_evaluations": state.jacobian_evaluations,
    }


def _search(
    method: Method,
    function: ResidualFunction,
    linear: Triangular,
    weights: Float[Array, " n"],
    optimality: Optimality,
    room: Room,
    start: _Trial,
) -> _Trial:
    """Steps within smaller and smaller radii until one decreases the loss enough."""
    vector, loss = start.vector, start.loss
    relative = weights / linear.scale
    floor = jnp.finfo(loss.dtype).tiny

    def is_unfinished(trial: _Trial) -> Bool[Array, ""]:
        return ~trial.accepted & (trial.count < MOST_TRIALS)

    def attempt(last: _Trial) -> _Trial:
        bounded = method(linear.factor, linear.projection, relative, last.radius, last.damping)
        free = bounded.step / linear.scale
        moved = room.move(vector, free, linear.held)
        # The part of the step within the box, and its promised decrease.
        change = linear.factor @ (jnp.where(linear.held, 0, moved - vector) * linear.scale)
        slope = -linear.projection @ change
        clipped = jnp.any(moved != vector + free)
        promised = jnp.where(clipped, slope - change @ change / 2, bounded.promised)
        slope = jnp.where(clipped, slope, bounded.slope)
        residuals, _ = function(moved)
        loss_there = residuals @ residuals / 2
        # Below rounding the gain is noise: such a step is taken unless the loss clearly rises.
        harmless = (promised >= 0) & (promised <= optimality.rounding)
        harmless = harmless & (loss_there <= loss + optimality.rounding)
        gain = (loss - loss_there) / jnp.maximum(promised, floor)
        gain = jnp.where(harmless, jnp.ones_like(gain), gain)
        return _Trial(
            vector=moved,
            loss=loss_there,
            accepted=gain > SUFFICIENT_GAIN,
            damping=bounded.damping,
            radius=_next_radius(gain, last.radius, bounded, slope, promised),
            count=last.count + 1,
        )

    return lax.while_loop(is_unfinished, attempt, start)


def _next_radius(
    gain: Float[Array, ""],
    radius: Float[Array, ""],
    bounded: BoundedStep,
    slope: Float[Array, ""],
    promised: Float[Array, ""],
) -> Float[Array, ""]:
    """Twice the length of a good step; part of a poor one, by a parabola through both losses."""
    # The loss at u + tΔ is known at t = 0, with its slope, and at t = 1; a gain of NaN, as from a
    # loss of NaN, gives the smallest part.
    part = slope / (2 * (slope - gain * promised))
    part = jnp.where(jnp.isfinite(part), jnp.clip(part, 0.1, 0.5), 0.1)
    shorter = part * jnp.minimum(radius, 10 * bounded.length)
    good = (gain >= GOOD_GAIN) | (~bounded.bound & (gain > POOR_GAIN))
    kept = jnp.where(good, 2 * bounded.length, radius)
    return jnp.where(gain > POOR_GAIN, kept, shorter)
