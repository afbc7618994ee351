"""What methods with a direction and a line search share.

    u ← u + α d,    d from the gradients met so far.

A step tries lengths α until one is good, each with the loss and its gradient; then the method's
memory learns from the step and gives the next direction. The very first step evaluates the starting
point, by the same code, and goes nowhere: so the loss is compiled once.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._memory import AbstractMemory
from ._optimality import ROUNDING_UNITS
from ._suitable import check_suitable
from ._vector import Metrics, as_vector
from ._wolfe import Verdict, begin, judge


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
        greatest: the greatest norm that a gradient has had.
        converged: whether u passes the test.
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
    greatest: Float[Array, ""]
    converged: Bool[Array, ""]
    function_evaluations: Int[Array, ""]


class _Trial(eqx.Module):
    """The last point tried, and what the line search says to it."""

    vector: Float[Array, " n"]
    loss: Float[Array, ""]
    gradient: Float[Array, " n"]
    metrics: Metrics
    verdict: Verdict


def initial_state(
    problem: AbstractProblem,
    unknowns: PyTree,
    key: PRNGKeyArray,
    make_memory: Callable[[Float[Array, " n"]], AbstractMemory],
    solver: str,
) -> DescentState:
    """Nothing evaluated yet: the first trial is the starting point itself.

    Arguments:
        problem: the problem.
        unknowns: the starting point.
        key: as the loss will have.
        make_memory: an empty one, for unknowns like these.
        solver: the solver's name, for messages.
    """
    check_suitable(problem, unknowns, solver)
    vector, _ = as_vector(unknowns)
    batch = eqx.filter_eval_shape(problem.data.first)
    _, shapes = eqx.filter_eval_shape(problem.loss, unknowns, batch, key)
    nowhere = jnp.zeros_like(vector)
    zero = jnp.zeros_like(vector, shape=())
    return DescentState(
        unknowns=unknowns,
        loss=zero,
        gradient=nowhere,
        metrics=jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes),
        memory=make_memory(vector),
        direction=nowhere,
        slope=zero,
        length=zero,
        greatest=zero,
        converged=jnp.asarray(False),
        function_evaluations=jnp.asarray(0, "int32"),
    )


def take_step(
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
    memory, direction = state.memory.learn(step, gradient - state.gradient, gradient, moved)
    slope = direction @ gradient
    # Rounding, or a loss that is not smooth, may leave a direction that does not descend; one along
    # which no length was good will not do again.
    sound = moved & (slope < 0)
    memory = memory.keep(sound)
    direction = jnp.where(sound, direction, -gradient)
    slope = jnp.where(sound, slope, -gradient @ gradient)
    norm = jnp.linalg.norm(gradient)
    greatest = jnp.maximum(state.greatest, norm)
    stuck = failed | (moved & trial.verdict.settled)
    after = DescentState(
        unknowns=rebuild(jnp.where(moved, trial.vector, vector)),
        loss=loss,
        gradient=gradient,
        metrics=metrics,
        memory=memory,
        direction=direction,
        slope=slope,
        length=memory.length(gradient, slope, state.loss - loss),
        greatest=greatest,
        converged=is_flat(norm, greatest, stuck, rtol, atol),
        function_evaluations=state.function_evaluations + trial.verdict.search.trials,
    )
    # At the first step the starting point itself is what has been evaluated.
    here = _select(
        first, (loss, norm, metrics), (state.loss, jnp.linalg.norm(state.gradient), state.metrics)
    )
    return after, {
        **here[2],
        "loss": here[0],
        "gradient_norm": here[1],
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


def is_flat(
    norm: Float[Array, ""],
    greatest: Float[Array, ""],
    stuck: Bool[Array, ""],
    rtol: float | Float[Array, ""],
    atol: float | Float[Array, ""],
) -> Bool[Array, ""]:
    """‖∇f‖ ≤ atol + rtol G, or ≤ √ε G where the loss no longer decreases but by rounding.

    Arguments:
        norm: ‖∇f‖.
        greatest: G, the greatest norm that the gradient has had in this run.
        stuck: whether the loss has stopped decreasing.
        rtol: relative tolerance, never below ten units of rounding.
        atol: absolute tolerance.
    """
    dtype = norm.dtype
    relative = jnp.maximum(jnp.asarray(rtol, dtype), ROUNDING_UNITS * jnp.finfo(dtype).eps)
    reached = norm <= jnp.asarray(atol, dtype) + relative * greatest
    return reached | (stuck & (norm <= jnp.finfo(dtype).eps ** 0.5 * greatest))


def _select(first: Bool[Array, ""], one: Any, other: Any) -> Any:
    """`one` or `other`, array by array."""
    return jax.tree.map(lambda a, b: jnp.where(first, a, b), one, other)
