"""4DVar of your own model and observations, built from its parts."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

import plugax as px
from plugax import AbstractIntegrator
from plugax_state_space import AbstractCovariance

from ._abstract_four_d_var import AbstractFourDVar


class FourDVar(AbstractFourDVar):
    """4DVar of your own model and observations.

        x₀ = x_b + B^½ v,  J(v) = ½‖v‖² + ½‖R^{-½} (H(M(x₀)) − y)‖²

    Arguments:
        model: the vector field f(t, x) of a state vector; the window begins at t = 0.
        background: x_b, the first guess of the state at the start of the window.
        background_error: B, any of Plugax's covariances, or `RingCovariance`.
        observations: y, a row for every observation time.
        observation_operator: H(t, x), the content of a row for the state at its time.
        observation_std: the roots of R's diagonal: a scalar, one value for each observation, or one
            for each time and observation. It is infinite for a missing observation, which may have
            any finite value.
        dt: the time step of the model [model time units].
        observe_every: time steps from one observation time to the next, and from the start to the
            first. So the window has `observe_every` steps for each row.
        forecast_steps: time steps after the window that metrics and figures include.
        truth: the true states at the start and after every time step of window and forecast, if
            they are known; without them the metrics of errors are left out.
        integrator: advances the model, by name or as an object.

    Errors: `PlugaxError` if shapes do not fit together or a standard deviation is not positive.
    """

    model: Callable[..., Any]
    background: Float[Array, " state"]
    background_error: AbstractCovariance
    observations: Float[Array, "observation_times observed"]
    observation_operator: Callable[..., Any]
    observation_std: Float[Array, "..."]
    dt: Float[Array, ""]
    truth: Float[Array, "times state"] | None
    integrator: AbstractIntegrator
    window_steps: int = eqx.field(static=True)
    observe_every: int = eqx.field(static=True)
    forecast_steps: int = eqx.field(static=True)

    def __init__(
        self,
        model: Callable[..., Any],
        background: Any,
        background_error: AbstractCovariance,
        observations: Any,
        observation_operator: Callable[..., Any],
        observation_std: Any,
        *,
        dt: Any,
        observe_every: int = 1,
        forecast_steps: int = 0,
        truth: Any = None,
        integrator: AbstractIntegrator | str = "rk4",
    ):
        self.model = model
        self.background = jnp.asarray(background)
        self.background_error = background_error
        self.observations = jnp.asarray(observations)
        self.observation_operator = observation_operator
        self.observation_std = jnp.asarray(observation_std, float)
        self.dt = jnp.asarray(dt, float)
        self.truth = None if truth is None else jnp.asarray(truth)
        self.integrator = px.integrator(integrator)
        self.window_steps = observe_every * self.observations.shape[0]
        self.observe_every = observe_every
        self.forecast_steps = forecast_steps
