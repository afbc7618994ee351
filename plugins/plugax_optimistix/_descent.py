"""What methods with a direction and a line search share.

    u ← u + α d,    d from the gradients met so far.

A step tries lengths α until one is good, each with the loss and its gradient; then the method's
memory learns from the step and gives the next direction. The very first step evaluates the starting
point, by the same code, and goes nowhere: so the loss is compiled once.

If the method expects next to nothing from its next step, or found no length that was good, the
Hessian is asked whether this is a minimum (`_newton_step.py`). In either case the next direction is
Newton's: from a minimum it is the last one, and brings the last digits; else what the method took
for the end was a valley along which it had not learnt the curvature. If the loss has not become
less since the Hessian was asked before, the run has stalled.

For up to 50 unknowns the Hessian at the start gives every unknown its unit, and the run its first
direction, if curvatures differ much; without that, a first step of length 1 may end anywhere.
"""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._memory import AbstractMemory
from ._newton_step import DENSE_UNKNOWNS, NewtonStep, ask_hessian
from ._optimality import is_felt
from ._suitable import AbstractDeterministicSolver
from ._vector import Metrics, as_vector
from ._wolfe import ROUNDING_UNITS, Verdict, begin, judge

# Unknowns are alike if their curvatures' square roots are within this power of two.
ALIKE = 7


class DescentState(eqx.Module):
    """Where the iteration stands.

    Attributes:
        unknowns: the last accepted point u.
        loss: the loss there.
        gradient: its gradient.
        metrics: the problem's own metrics there.
        memory: what the method keeps of earlier gradients.
        direction: d.
        slope: ∇f·d.
        length: the α to try first.
        felt: which unknowns the loss depended on at the start.
        scale: the curvature along every unknown at the start, √|Hᵢᵢ|, in powers of two.
        reach: the greatest |u| so far, by unknown.
        asked: the loss when the Hessian was asked for the last time; infinite before.
        patience: the evaluations after which it may be asked again.
        minimum: whether u passes the test; one more step is taken from there, Newton's.
        converged: whether it has been taken.
        stalled: whether nothing has been gained since the Hessian was asked.
        function_evaluations: evaluations of loss and gradient so far; 0 means none, not even at u.
    """

    unknowns: PyTree
    loss: Float[Array, ""]
    gradient: Float[Array, " n"]
    metrics: Metrics
    memory: AbstractMemory
    direction: Float[Array, " n"]
    slope: Float[Array, ""]
    length: Float[Array, ""]
    felt: Bool[Array, " n"]
    scale: Float[Array, " n"]
    reach: Float[Array, " n"]
    asked: Float[Array, ""]
    patience: Int[Array, ""]
    minimum: Bool[Array, ""]
    converged: Bool[Array, ""]
    stalled: Bool[Array, ""]
    function_evaluations: Int[Array, ""]


class _Trial(eqx.Module):
    """The last point tried, and what the line search says to it."""

    vector: Float[Array, " n"]
    loss: Float[Array, ""]
    gradient: Float[Array, " n"]
    metrics: Metrics
    verdict: Verdict


class _Course(eqx.Module):
    """Where to go next: the parts of the state by these names, and whether Newton's step leads."""

    direction: Float[Array, " n"]
    slope: Float[Array, ""]
    length: Float[Array, ""]
    felt: Bool[Array, " n"]
    scale: Float[Array, " n"]
    minimum: Bool[Array, ""]
    led: Bool[Array, ""]


class AbstractDescent(AbstractDeterministicSolver):
    """A method with a direction and a line search; subclasses differ in what they remember.

    - `rtol`, `atol`: as the solvers document them.
    - `remaining_slope`: how much of the slope a line search may leave, c₂.
    """

    remaining_slope: ClassVar[float] = 0.9

    rtol: float = 1e-12
    atol: float = 0.0

    @abc.abstractmethod
    def empty_memory(self, vector: Float[Array, " n"]) -> AbstractMemory:
        """The memory before the first step, for unknowns like these."""

    def init(self, problem: AbstractProblem, unknowns: PyTree, key: PRNGKeyArray) -> DescentState:
        """Nothing evaluated yet: the first trial is the starting point itself."""
        self.check_unknowns(problem, unknowns)
        vector, _ = as_vector(unknowns)
        batch = eqx.filter_eval_shape(problem.data.first)
        _, shapes = eqx.filter_eval_shape(problem.loss, unknowns, batch, key)
        nowhere = jnp.zeros_like(vector)
        zero, none = jnp.zeros_like(vector, shape=()), jnp.asarray(0, "int32")
        return DescentState(
            unknowns=unknowns,
            loss=zero,
            gradient=nowhere,
            metrics=jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes),
            memory=self.empty_memory(vector),
            direction=nowhere,
            slope=zero,
            length=zero,
            felt=jnp.zeros(vector.shape, bool),
            scale=jnp.ones_like(vector),
            reach=jnp.abs(vector),
            asked=jnp.full_like(zero, jnp.inf),
            patience=none,
            minimum=jnp.asarray(False),
            converged=jnp.asarray(False),
            stalled=jnp.asarray(False),
            function_evaluations=none,
        )

    def step(
        self, problem: AbstractProblem, state: DescentState, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[DescentState, Metrics]:
        """One line search, and the direction for the next."""
        slope = self.remaining_slope
        return _take_step(
            problem, state, batch, key, curvature=slope, rtol=self.rtol, atol=self.atol
        )

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: DescentState,
    ) -> Bool[Array, ""]:
        """Whether the Hessian found a minimum, and the last step has been taken."""
        return state.converged

    def stalled(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: DescentState,
    ) -> Bool[Array, ""]:
        """Whether nothing was gained any more, though this is no minimum."""
        return state.stalled

    def unknowns(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: DescentState,
    ) -> PyTree:
        """The last accepted point."""
        return state.unknowns


def _take_step(
    problem: AbstractProblem,
    state: DescentState,
    batch: PyTree,
    key: PRNGKeyArray,
    *,
    curvature: float | Float[Array, ""],
    rtol: float | Float[Array, ""],
    atol: float | Float[Array, ""],
) -> tuple[DescentState, Metrics]:
    """Try lengths until one is good, and choose the next direction.

    Arguments:
        problem: the problem.
        state: where the iteration stands.
        batch: all data.
        key: of the loss.
        curvature: c₂ of the line search.
        rtol: as the solvers document it.
        atol: as the solvers document it.
    """
    vector, rebuild = as_vector(state.unknowns)

    def function(trial: Float[Array, " n"]) -> tuple[Float[Array, ""], Metrics]:
        loss, metrics = problem.loss(rebuild(trial), batch, key)
        return loss.astype(trial.dtype), metrics

    first = state.function_evaluations == 0
    trial = _search(function, vector, state, first, curvature)
    moved = trial.verdict.accepted & ~first
    failed = trial.verdict.failed & ~first
    there = _select(
        failed,
        (state.loss, state.gradient, state.metrics),
        (trial.loss, trial.gradient, trial.metrics),
    )
    loss, gradient, metrics = there
    step = jnp.where(moved, trial.verdict.search.tried, 0) * state.direction
    # The memory knows of scaled unknowns alone.
    scale = state.scale
    memory, direction = state.memory.learn(
        step * scale, (gradient - state.gradient) / scale, gradient / scale, moved
    )
    direction = direction / scale
    slope = direction @ gradient
    # Rounding, or a loss that is not smooth, may leave a direction that does not descend; one along
    # which no length was good will not do again.
    sound = moved & (slope < 0)
    memory = memory.keep(sound)
    steepest = -gradient / scale**2
    direction = jnp.where(sound, direction, steepest)
    slope = jnp.where(sound, slope, steepest @ gradient)
    length = memory.length(gradient / scale, slope, state.loss - loss)
    here = jnp.where(moved, trial.vector, vector)
    reach = jnp.maximum(state.reach, jnp.abs(here))
    evaluations = state.function_evaluations + trial.verdict.search.trials
    # What the method itself expects of its next step, the loss taken for a parabola.
    expected = NewtonStep(length * direction, -length * slope / 2, jnp.asarray(True), scale)
    is_small = lambda step: step.is_small(here, reach, loss, rtol=rtol, atol=atol)  # noqa: E731
    quiet = is_small(expected) & (evaluations >= state.patience)
    asking = failed | quiet | (first & (here.size <= DENSE_UNKNOWNS))

    def judge(newton: NewtonStep) -> _Course:
        feels = is_felt(newton.lengths, reach, loss)
        lost = jnp.any(state.felt & ~feels)
        minimum = newton.convex & is_small(newton) & ~lost
        steepness = newton.step @ gradient
        units = _units(newton.lengths)
        # From a start that is no minimum, only if steps down the gradient would mix up the units.
        led = (steepness < 0) & (~first | minimum | jnp.any(units != 1))
        return _Course(
            direction=jnp.where(led, newton.step, direction),
            slope=jnp.where(led, steepness, slope),
            length=jnp.where(led, 1, length),
            felt=jnp.where(first, feels, state.felt),
            scale=jnp.where(first, units, scale),
            minimum=minimum,
            led=led,
        )

    no = jnp.asarray(False)
    own = _Course(direction, slope, length, state.felt, scale, no, no)
    course = ask_hessian(asking, function, here, gradient, judge, unasked=own, unknown=expected)
    rounding = ROUNDING_UNITS * jnp.finfo(loss.dtype).eps * jnp.abs(loss)
    stalled = asking & ~course.minimum & ~(loss < state.asked - rounding)
    after = DescentState(
        unknowns=rebuild(here),
        loss=loss,
        gradient=gradient,
        metrics=metrics,
        memory=memory,
        direction=course.direction,
        slope=course.slope,
        length=course.length,
        felt=course.felt,
        scale=course.scale,
        reach=reach,
        asked=jnp.where(asking & ~first, loss, state.asked),
        # What asking costs is spent on the method itself before it is asked again.
        patience=jnp.where(asking, evaluations + here.size, state.patience),
        minimum=course.minimum,
        converged=state.minimum | (course.minimum & ~course.led),
        stalled=stalled & ~state.minimum,
        function_evaluations=evaluations,
    )
    # At the first step the starting point itself is what has been evaluated.
    begun = _select(first, (loss, gradient, metrics), (state.loss, state.gradient, state.metrics))
    return after, {
        **begun[2],
        "loss": begun[0],
        "gradient_norm": jnp.linalg.norm(begun[1]),
        "step_norm": jnp.linalg.norm(step),
        "function_evaluations": after.function_evaluations,
    }


def _search(
    function: Callable[[Float[Array, " n"]], tuple[Float[Array, ""], Metrics]],
    vector: Float[Array, " n"],
    state: DescentState,
    first: Bool[Array, ""],
    curvature: float | Float[Array, ""],
) -> _Trial:
    """The first good length, or the last one tried."""
    evaluate = jax.value_and_grad(function, has_aux=True)

    def unfinished(trial: _Trial) -> Bool[Array, ""]:
        return ~(trial.verdict.accepted | trial.verdict.failed)

    def attempt(trial: _Trial) -> _Trial:
        search = trial.verdict.search
        tried = vector + search.length * state.direction
        (loss, metrics), gradient = evaluate(tried)
        verdict = judge(search, loss, gradient @ state.direction, curvature)
        accepted = verdict.accepted | first
        verdict = eqx.tree_at(lambda verdict: verdict.accepted, verdict, accepted)
        return _Trial(tried, loss, gradient, metrics, verdict)

    search = begin(state.loss, state.slope, state.length)
    no = jnp.asarray(False)
    start = _Trial(vector, state.loss, state.gradient, state.metrics, Verdict(search, no, no, no))
    return lax.while_loop(unfinished, attempt, start)


def _units(lengths: Float[Array, " n"]) -> Float[Array, " n"]:
    """The nearest powers of two, by which a division is exact; 1 for what is zero, or no number.

    All are 1 if they differ little: then the memory does better without them.
    """
    sound = jnp.isfinite(lengths) & (lengths > 0)
    exponents = jnp.round(jnp.log2(jnp.where(sound, lengths, 1))).astype("int32")
    differ = jnp.max(exponents) - jnp.min(exponents) > ALIKE
    return jnp.ldexp(jnp.ones_like(lengths), jnp.where(differ, exponents, 0))


def _select(first: Bool[Array, ""], one: Any, other: Any) -> Any:
    """`one` or `other`, array by array."""
    return jax.tree.map(lambda a, b: jnp.where(first, a, b), one, other)
