"""Twin experiments: a run of the model is the truth, and observations of it are drawn."""

from collections.abc import Callable
from typing import Any

import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import PlugaxError

from ._gaussian import Gaussian
from ._given import StateSpace
from ._observation_error import ObservationError, each_of
from ._state_space import AbstractStateSpace, ObservationOperator
from .covariances import AbstractCovariance


def twin_experiment(
    model: Callable[..., Any],
    times: Any,
    observation_operator: ObservationOperator,
    observation_error: ObservationError,
    initial: Gaussian,
    *,
    key: PRNGKeyArray,
    dt: float,
    truth: PyTree | None = None,
    available: Any = None,
    **parts: Any,
) -> StateSpace:
    """A problem whose truth is a run of its own model, and whose observations are drawn from it.

        x_0 ~ N(m₀, P₀),  x_k = M_k(x_{k−1}) + η_k,  y_k = H(t_k, x_k) + ε_k

    Law: the errors follow exactly the laws that the problem states.

    Arguments:
        model: the vector field f(t, x); with the integrator `map`, the next state itself.
        times: the times of the observations, increasing [model time units].
        observation_operator: H(t, x), an array of one axis; or a linear operator of lineax.
        observation_error: R; if it varies, a list with one covariance for every time, or a function
            of time that returns one.
        initial: the distribution of the state at the start.
        key: random key of all draws.
        dt: the longest time step [model time units].
        truth: the true states at the observation times; by default a run of the model from a draw
            of the initial distribution.
        available: which observations are made, booleans `(times, observed)`; None for all.
        **parts: the other arguments of `StateSpace`.

    Errors: those of `StateSpace`; `PlugaxError` if the truth is not finite, or `available` has
    the wrong shape.
    """
    times = np.asarray(times, np.float64)
    start_key, model_key, observation_key = jr.split(key, 3)

    if not isinstance(observation_error, AbstractCovariance):
        observation_error = each_of(times, observation_error)  # a function is called only once
    first = observation_error[0] if isinstance(observation_error, list) else observation_error

    def problem(observations: Any, truth: PyTree) -> StateSpace:
        return StateSpace(
            model,
            times,
            observations,
            observation_operator,
            observation_error,
            initial,
            dt=dt,
            truth=truth,
            **parts,
        )

    unobserved = problem(np.zeros((times.size, first.size)), truth)
    if truth is None:
        truth = _run(unobserved, initial.sample(start_key), model_key)
    finite = jax.tree.map(lambda leaf: bool(jnp.all(jnp.isfinite(leaf))), truth)
    if not all(jax.tree.leaves(finite)):
        raise PlugaxError(
            "The truth is not finite: the model diverged. A shorter time step, or another start, "
            "may help."
        )
    truth = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), truth)
    observations = np.asarray(_observe(unobserved, truth, observation_key))
    return problem(np.where(_mask(available, observations.shape), observations, np.nan), truth)


def _mask(available: Any, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.ones(shape, bool) if available is None else np.asarray(available)
    if mask.shape != shape or mask.dtype != bool:
        raise PlugaxError(
            f"available must hold booleans in the shape of the observations, {shape}; got "
            f"{mask.dtype} of shape {mask.shape}."
        )
    return mask


def _run(problem: AbstractStateSpace, start: PyTree, key: PRNGKeyArray) -> PyTree:
    """The true states at the observation times."""

    def step(state: PyTree, here: Any) -> tuple[PyTree, PyTree]:
        cycle, key = here
        state = problem.forecast(state, cycle)
        error = problem.model_error_of(cycle)
        if error is not None:
            flat, unravel = ravel_pytree(state)
            state = unravel(flat + error.sample(key).astype(flat.dtype))
        return state, state

    keys = jr.split(key, problem.data.length)
    return lax.scan(step, start, (problem.cycles, keys))[1]


def _observe(
    problem: AbstractStateSpace, truth: PyTree, key: PRNGKeyArray
) -> Float[Array, "times observed"]:
    """What was observed of the truth, with errors."""
    observed = jax.vmap(problem.observe)(problem.cycles.time, truth)
    sample = lambda cycle, key: problem.error_of(cycle).sample(key)  # noqa: E731
    noise = jax.vmap(sample)(problem.cycles, jr.split(key, len(observed)))
    return observed + noise.astype(observed.dtype)
