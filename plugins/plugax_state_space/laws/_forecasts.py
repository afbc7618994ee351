"""Checks of the forecasts and observations of a state-space problem."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray, PyTree

from plugax.testing.tools import (
    ROUNDING,
    Trial,
    check_slope,
    claim,
    claimed,
    difference,
    nearby,
    shapes,
    trial,
    value_and_gradient,
)

from .. import AbstractStateSpace, Cycle

WINDOW = 3


def _observe(problem: AbstractStateSpace, state: PyTree, cycle: Cycle) -> Array:
    """H(t, M(x))."""
    return problem.observe(cycle.time, problem.forecast(state, cycle))


@eqx.filter_jit
@eqx.filter_value_and_grad
def _sum_and_gradient(state: PyTree, problem: AbstractStateSpace, cycle: Cycle) -> Array:
    """A weighted sum of the observations of a state, every observation with another weight."""
    observed = _observe(problem, state, cycle)
    return jnp.vdot(jnp.cos(jnp.arange(observed.size).astype(observed.dtype)), observed)


def check_state_space_loss(problem: AbstractStateSpace, key: PRNGKeyArray) -> None:
    """The loss is half the squared distance of a one-cycle forecast from what was observed.

    In standard deviations of R: ½ (y − H(M(x)))ᵀ R⁻¹ (y − H(M(x))), without missing observations.

    Arguments:
        problem: the problem.
        key: random key of the loss.
    """
    with jax.enable_x64(True):
        given = trial(problem, key, 64)
        (loss, _), _ = value_and_gradient(given)
        cycle = given.batch
        here = np.ones(cycle.observations.shape, bool)
        here = here if cycle.available is None else np.asarray(cycle.available)
        error = given.problem.error_of(dataclasses.replace(cycle, available=None))
        gap = cycle.observations - _observe(given.problem, given.unknowns, cycle)
        gap, errors = np.asarray(gap), np.asarray(error.as_matrix())
        half = gap[here] @ np.linalg.solve(errors[np.ix_(here, here)], gap[here]) / 2
        claim(
            abs(float(loss) - half) <= ROUNDING * max(abs(half), abs(float(loss))),
            problem,
            "the loss is half the squared misfit of a one-cycle forecast",
            f"a loss of {float(loss):.8g}, but half the squared misfit is {half:.8g}",
            "Leave loss as the base class has it, or change forecast and observe along with it.",
        )


def check_state_space_missing(problem: AbstractStateSpace, key: PRNGKeyArray) -> None:
    """The value stored for a missing observation makes no difference.

    Arguments:
        problem: the problem.
        key: random key of the loss.
    """
    with jax.enable_x64(True):
        given = trial(problem, key, 64)
        here = jnp.ones(given.batch.observations.shape, bool).at[0].set(False)
        one = _with(given, given.batch.observations, here)
        other = _with(given, given.batch.observations.at[0].add(7.0), here)
        found = difference(value_and_gradient(one), value_and_gradient(other))
        law = "a missing observation has no effect on loss and gradient"
        remedy = "Whiten with error_of(cycle), which returns 0 where nothing is available."
        claim(found is None, problem, law, found, remedy)


def _with(given: Trial, observations: Array, available: Array) -> Trial:
    old = given.batch
    batch = dataclasses.replace(old, observations=observations, available=available)
    return given._replace(batch=batch)


def check_state_space_gradient(problem: AbstractStateSpace, key: PRNGKeyArray) -> None:
    """The gradient of the observations by the previous state equals central differences.

    Arguments:
        problem: the problem.
        key: random key of the state and the direction.
    """
    with jax.enable_x64(True):
        given = trial(problem, key, 64)
        state = nearby(given.unknowns, key)

        def at(state: PyTree) -> tuple[Array, PyTree]:
            return _sum_and_gradient(state, given.problem, given.batch)

        check_slope(problem, at, state, key, what="an observed forecast")


def check_state_space_precision(problem: AbstractStateSpace, key: PRNGKeyArray) -> None:
    """A forecast and its observations have the precision of the state that it starts from.

    Arguments:
        problem: the problem.
        key: random key of the state.
    """
    remedy = "Give constants the dtype of the state: jnp.asarray(c, x.dtype), c.astype(x.dtype)."
    for bits, x64 in ((32, False), (32, True), (64, True)):
        # Type promotion is allowed, so that a wrong precision reaches the end and is reported.
        with jax.enable_x64(x64), jax.numpy_dtype_promotion("standard"):
            given = trial(problem, key, bits)
            where = f"in float{bits}{', with float64 switched on' if x64 and bits == 32 else ''}"
            law = f"a forecast has the dtypes of its start, {where}"
            with claimed(problem, law, remedy):
                ahead = eqx.filter_eval_shape(given.problem.forecast, given.unknowns, given.batch)
            found = difference(shapes(given.unknowns), shapes(ahead))
            claim(found is None, problem, law, found, remedy)
            law = f"the observations of a state have its precision, {where}"
            with claimed(problem, law, remedy):
                seen = eqx.filter_eval_shape(_observe, given.problem, given.unknowns, given.batch)
            claim(seen.dtype == f"float{bits}", problem, law, seen.dtype, remedy)


def check_state_space_trajectory(problem: AbstractStateSpace, key: PRNGKeyArray) -> None:
    """A trajectory over several observation times is a sequence of forecasts.

    Arguments:
        problem: the problem.
        key: random key of the state.
    """
    with jax.enable_x64(True):
        given = trial(problem, key, 64)
        state = nearby(given.unknowns, key)
        window = jax.tree.map(lambda leaf: leaf[:WINDOW], given.problem.cycles)
        states = _trajectory(given.problem, state, window)
        alone = []
        for i in range(len(window.time)):
            cycle = jax.tree.map(lambda leaf: leaf[i], window)  # noqa: B023 - called at once
            state = _forecast(given.problem, state, cycle)
            alone.append(state)
        expected = jax.tree.map(lambda *leaves: jnp.stack(leaves), *alone)
        found = difference(states, expected, tolerance=ROUNDING)
        law = "a trajectory is a sequence of forecasts"
        claim(found is None, problem, law, found, "Leave it as the base class has it.")


@eqx.filter_jit
def _trajectory(problem: AbstractStateSpace, state: PyTree, window: Cycle) -> PyTree:
    return problem.trajectory(state, window)


@eqx.filter_jit
def _forecast(problem: AbstractStateSpace, state: PyTree, cycle: Cycle) -> PyTree:
    return problem.forecast(state, cycle)
