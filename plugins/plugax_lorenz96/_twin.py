"""Twin experiments: a run of the model is the truth, and all errors are drawn from known laws."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from plugax import AbstractIntegrator
from plugax_state_space import AbstractCovariance


class Twin(eqx.Module):
    """A twin experiment.

    Arguments:
        truth: the true states at the start and after every time step, window and forecast.
        background: the first guess of the state at the start.
        observations: what was observed in the window, at every observation time.
    """

    truth: Float[Array, "times state"]
    background: Float[Array, " state"]
    observations: Float[Array, "observation_times observed"]


def draw_twin(
    key: PRNGKeyArray,
    model: Callable[..., Any],
    start: Float[Array, " state"],
    *,
    integrator: AbstractIntegrator,
    background_error: AbstractCovariance,
    observation_operator: Callable[..., Any],
    observation_std: float | Float[Array, "..."],
    dt: float | Float[Array, ""],
    window_steps: int,
    observe_every: int = 1,
    forecast_steps: int = 0,
) -> Twin:
    """Draw a twin experiment from a state on the model's attractor.

    background = truth(0) + B^½ ε,  observations = H(truth) + σ η,  with ε, η ~ N(0, I)

    Law: the errors follow exactly the laws that 4DVar assumes, so if model and observation operator
    are linear, twice the cost at the minimum is χ² distributed, with as many degrees of freedom as
    there are observations.

    Arguments:
        key: random key of the errors.
        model: the vector field f(t, x).
        start: the true state at the start of the window.
        integrator: advances the model.
        background_error: B.
        observation_operator: H(t, x).
        observation_std: σ, a scalar, one value for each observation, or one for each time and
            observation.
        dt: the time step.
        window_steps: time steps in the window.
        observe_every: time steps from one observation time to the next; none at the start.
        forecast_steps: time steps of the truth after the window.
    """
    key_background, key_observations = jr.split(key)
    steps = window_steps + forecast_steps
    later = integrator.trajectory(model, start, dt=dt, steps=steps)
    truth = jnp.concatenate([start[None], later])
    # In one precision whatever that of the model, so that the experiment is the same in both.
    draw = lambda key, *shape: jr.normal(key, shape, "float32").astype(start.dtype)  # noqa: E731
    control = draw(key_background, background_error.control_size)
    at_observations = slice(observe_every, window_steps + 1, observe_every)
    times = jnp.asarray(dt, start.dtype) * jnp.arange(steps + 1).astype(start.dtype)
    observed = jax.vmap(observation_operator)(times[at_observations], truth[at_observations])
    std = jnp.broadcast_to(jnp.asarray(observation_std, observed.dtype), observed.shape)
    noise = draw(key_observations, *observed.shape)
    return Twin(truth, start + background_error.root(control), observed + std * noise)
