"""The shared part of methods with a direction and a line search.

    u ← u + α d,    d from the gradients so far.

A step tries lengths α until one is good, each with the loss and its gradient; then the memory of
the method is updated and gives the next direction. The very first step only evaluates the starting
point, with the same code, so that the loss is compiled once.

If the method expects hardly any decrease from its next step, or found no good length, the Hessian
decides whether this is a minimum (`_newton_step.py`). In either case the next direction is
Newton's: from a minimum it is the last step, which improves the last digits; otherwise the method
had stopped in a valley along which it had not learnt the curvature. If the loss has not decreased
since the previous test with the Hessian, the run has stalled.

For up to 50 unknowns the Hessian at the start gives every unknown its unit, and the run its first
direction, if curvatures differ much; without it, a first step of length 1 may end anywhere.
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

# Unknowns are on one scale if the square roots of their curvatures are within this power of two.
ALIKE = 7


class DescentState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: the last accepted point u.
        loss: the loss there.
        gradient: the gradient there.
        metrics: the problem's own metrics there.
        memory: what the method stores of earlier gradients.
        direction: d.
        slope: ∇f·d.
        length: the α to try first.
        felt: which unknowns had an effect on the loss at the start.
        scale: the curvature along every unknown at the start, √|Hᵢᵢ|, in powers of two.
        reach: the greatest |u| so far, by unknown.
        asked: the loss at the last test with the Hessian; infinite before the first.
        patience: the number of evaluations after which the Hessian may be used again.
        minimum: whether u passes the test; one more step is taken from there, Newton's.
        converged: whether this last step has been taken.
        stalled: whether the loss has not decreased since the last test with the Hessian.
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
    """The last point tried, and the verdict of the line search."""

    vector: Float[Array, " n"]
    loss: Float[Array, ""]
    gradient: Float[Array, " n"]
    metrics: Metrics
    verdict: Verdict


class _Direction(eqx.Module):
    """The next direction: fields of the run state, and whether the direction is Newton's."""

    direction: Float[Array, " n"]
    slope: Float[Array, ""]
    length: Float[Array, ""]
    felt: Bool[Array, " n"]
    scale: Float[Array, " n"]
    minimum: Bool[Array, ""]
    led: Bool[Array, ""]


class AbstractDescent(AbstractDeterministicSolver[AbstractProblem, DescentState]):
    """A method with a direction and a line search; subclasses differ in their memory.

    - `rtol`, `atol`: as the solvers document them.
    - `remaining_slope`: c₂, the part of the slope that may remain after a line search.
    """

    remaining_slope: ClassVar[float] = 0.9

    rtol: float = 1e-12
    atol: float = 0.0

    @abc.abstractmethod
    def empty_memory(self, vector: Float[Array, " n"]) -> AbstractMemory:
        """The memory before the first step, for unknowns of this size and dtype."""

    def init(self, problem: AbstractProblem, unknowns: PyTree, key: PRNGKeyArray) -> DescentState:
        """The state before any evaluation: the first trial is the starting point itself."""
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
        """Whether the Hessian confirmed a minimum, and the last step has been taken."""
        return state.converged

    def stalled(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: DescentState,
    ) -> Bool[Array, ""]:
        """Whether the loss no longer decreases, although this is not a minimum."""
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
        state: the run state.
        batch: all data.
        key: random key of the loss.
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
    # The memory uses scaled unknowns only.
    scale = state.scale
    memory, direction = state.memory.learn(
        step * scale, (gradient - state.gradient) / scale, gradient / scale, moved
    )
    direction = direction / scale
    slope = direction @ gradient
    # Rounding, or a loss that is not smooth, may give a direction that does not descend; one along
    # which no length was good is not used again.
    sound = moved & (slope < 0)
    memory = memory.keep(sound)
    steepest = -gradient / scale**2
    direction = jnp.where(sound, direction, steepest)
    slope = jnp.where(sound, slope, steepest @ gradient)
    length = memory.length(gradient / scale, slope, state.loss - loss)
    here = jnp.where(moved, trial.vector, vector)
    reach = jnp.maximum(state.reach, jnp.abs(here))
    evaluations = state.function_evaluations + trial.verdict.search.trials
    # The decrease that the method itself expects from its next step, with the loss as a parabola.
    expected = NewtonStep(
        length * direction, -length * slope / 2, jnp.asarray(True), jnp.asarray(True), scale
    )
    is_small = lambda step: step.is_small(here, reach, loss, rtol=rtol, atol=atol)  # noqa: E731
    quiet = is_small(expected) & (evaluations >= state.patience)
    asking = failed | quiet | (first & (here.size <= DENSE_UNKNOWNS))

    def judge(newton: NewtonStep) -> _Direction:
        feels = is_felt(newton.lengths, reach, loss)
        lost = jnp.any(state.felt & ~feels)
        minimum = newton.convex & is_small(newton) & ~lost
        steepness = newton.step @ gradient
        units = _units(newton.lengths)
        # At a start that is not a minimum, only if gradient steps would mix different units.
        led = (steepness < 0) & (~first | minimum | jnp.any(units != 1))
        return _Direction(
            direction=jnp.where(led, newton.step, direction),
            slope=jnp.where(led, steepness, slope),
            length=jnp.where(led, 1, length),
            felt=jnp.where(first, feels, state.felt),
            scale=jnp.where(first, units, scale),
            minimum=minimum,
            led=led,
        )

    no = jnp.asarray(False)
    own = _Direction(direction, slope, length, state.felt, scale, no, no)
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
        # Before the next test the method's own evaluations must have cost as much as this one.
        patience=jnp.where(asking, evaluations + here.size, state.patience),
        minimum=course.minimum,
        converged=state.minimum | (course.minimum & ~course.led),
        stalled=stalled & ~state.minimum,
        function_evaluations=evaluations,
    )
    # The first step has evaluated the starting point itself.
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

    def is_unfinished(trial: _Trial) -> Bool[Array, ""]:
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
    return lax.while_loop(is_unfinished, attempt, start)


def _units(lengths: Float[Array, " n"]) -> Float[Array, " n"]:
    """The nearest powers of two, by which a division is exact; 1 for zero and for NaN.

    All are 1 if they differ little: then the memory works better without them.
    """
    sound = jnp.isfinite(lengths) & (lengths > 0)
    exponents = jnp.round(jnp.log2(jnp.where(sound, lengths, 1))).astype("int32")
    differ = jnp.max(exponents) - jnp.min(exponents) > ALIKE
    return jnp.ldexp(jnp.ones_like(lengths), jnp.where(differ, exponents, 0))


def _select(first: Bool[Array, ""], one: Any, other: Any) -> Any:
    """`one` or `other`, array by array."""
    return jax.tree.map(lambda a, b: jnp.where(first, a, b), one, other)
