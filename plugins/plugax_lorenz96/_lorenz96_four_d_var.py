"""The problem `lorenz96-4dvar`: a twin experiment on Lorenz96, ready to be solved."""

import functools
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float

import plugax as px
import plugax_state_space as ss
from plugax import AbstractIntegrator
from plugax_state_space import AbstractCovariance

from ._abstract_four_d_var import AbstractFourDVar
from ._check import check_positive, check_whole
from ._free_run import free_run
from ._lorenz96 import Lorenz96
from ._observation import Instrument, Observe, observation_operator
from ._ring_covariance import RingCovariance
from ._twin import draw_twin

Correlation = Literal["none", "gaussian", "climatological"]


class Lorenz96FourDVar(AbstractFourDVar):
    """4DVar of Lorenz96: find the state at the start of a window from noisy observations in it.

    A twin experiment: a run of the model, after a spin-up, is the truth; observations and
    background are the truth with errors drawn from N(0, R) and N(0, B). The cost and all attributes
    are those of `FourDVar`. Arrays have JAX's default float type.

    Arguments:
        dim: number of variables, at least 4.
        forcing: F; chaotic from about 5 on [model units].
        dt: time step; 0.05 stands for 6 hours [model time units].
        window_steps: length of the window [time steps].
        observe: which variables are observed.
        observe_stride: with observe every-kth, k: variables 0, k, 2k and so on are observed.
        observe_count: with observe random, how many variables are observed; half of them by
            default.
        instrument: what is measured of an observed variable x: identity x, arctan 5 arctan(x / 5),
            or square x² / 10.
        observe_every: time between observations; there are none at the start [time steps].
        observation_std: standard deviation of the observations' errors [model units].
        background_std: standard deviation of the background's errors [model units].
        background_correlation: correlation of the background's errors around the ring: none,
            gaussian, or climatological, that of the model's states.
        correlation_length: length of the gaussian correlation [variables].
        forecast_steps: how far the forecast goes past the window [time steps].
        spinup_steps: run from a state near rest up to the start of the window [time steps].
        twin_seed: seed of truth, observed variables and errors.
        integrator: advances the model.

    Errors: `PlugaxError` for an option outside its range.
    """

    days_per_time_unit: ClassVar = 5.0

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
        dim: int = 40,
        forcing: float = 8.0,
        dt: float = 0.05,
        window_steps: int = 20,
        observe: Observe = "all",
        observe_stride: int = 2,
        observe_count: int | None = None,
        instrument: Instrument = "identity",
        observe_every: int = 1,
        observation_std: float = 1.0,
        background_std: float = 1.0,
        background_correlation: Correlation = "none",
        correlation_length: float = 2.0,
        forecast_steps: int = 20,
        spinup_steps: int = 200,
        twin_seed: int = 0,
        integrator: AbstractIntegrator | str = "rk4",
    ):
        check_whole("dim", dim, 4)
        check_whole("observe_every", observe_every, 1)
        check_whole("window_steps", window_steps, 1)
        check_whole("forecast_steps", forecast_steps, 0)
        check_whole("spinup_steps", spinup_steps, 0)
        steps = window_steps + forecast_steps
        px.check_memory(8 * dim * (2 * steps + 8), f"A truth of {dim} variables over {steps} steps")
        if window_steps % observe_every:
            raise px.PlugaxError(
                f"The window of {window_steps} time steps must be a multiple of observe_every, "
                f"{observe_every}; {window_steps // observe_every * observe_every or observe_every}"
                " is one."
            )
        for name, value in (
            ("dt", dt),
            ("observation_std", observation_std),
            ("background_std", background_std),
            ("correlation_length", correlation_length),
        ):
            check_positive(name, value)
        observed_key, twin_key = jr.split(jr.key(twin_seed))
        self.model = Lorenz96(forcing)
        self.dt = jnp.asarray(dt, float)
        self.observation_std = jnp.asarray(observation_std, float)
        self.integrator = px.integrator(integrator)
        self.window_steps = window_steps
        self.observe_every = observe_every
        self.forecast_steps = forecast_steps
        self.observation_operator = observation_operator(
            dim,
            observe,
            stride=observe_stride,
            count=observe_count,
            instrument=instrument,
            permuted=lambda: jr.permutation(observed_key, dim),
        )
        start = forcing + np.random.default_rng(twin_seed).standard_normal(dim)
        run = functools.partial(free_run, forcing=forcing, dt=dt)
        if spinup_steps:
            start = run(start, steps=spinup_steps, every=spinup_steps)[-1]
        if background_correlation == "climatological":
            # One state every half time unit: enough of them that few variables are sampled longer.
            states = run(start, steps=10 * max(30, 40_000 // dim), every=10)
            self.background_error = RingCovariance.climatological(background_std, states)
        elif background_correlation == "gaussian":
            self.background_error = RingCovariance.gaussian(background_std, correlation_length, dim)
        else:
            self.background_error = ss.ScalarCovariance(background_std, dim)
        twin = draw_twin(
            twin_key,
            self.model,
            jnp.asarray(start, self.dt.dtype),
            integrator=self.integrator,
            background_error=self.background_error,
            observation_operator=self.observation_operator,
            observation_std=self.observation_std,
            dt=self.dt,
            window_steps=window_steps,
            observe_every=observe_every,
            forecast_steps=forecast_steps,
        )
        self.truth = twin.truth
        self.background = twin.background
        self.observations = twin.observations
