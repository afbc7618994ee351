"""How a twin experiment is drawn, on the host and in float64.

    x_0 = m₀ + ε₀,   x_k = M_k(x_{k−1}) + η_k,   y_k = H(x_k) + ε_k

So an experiment is the same on every device and in both precisions. Each kind of error has its own
stream of random numbers: the truth does not depend on what is observed, and a longer experiment
begins exactly like a shorter one.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import plugax as px
import plugax_state_space as ss

from ._check import check_whole
from ._free_run import Tendency, run_on_host
from ._setup import Setup


class Draws(NamedTuple):
    """Independent streams of random numbers, by purpose."""

    start: np.random.Generator
    model: np.random.Generator
    places: np.random.Generator
    observations: np.random.Generator
    missing: np.random.Generator


def draws_of(seed: int) -> Draws:
    """The streams of a seed."""
    check_whole("twin_seed", seed, 0)
    children = np.random.SeedSequence(seed).spawn(len(Draws._fields))
    return Draws(*map(np.random.default_rng, children))


def draw_experiment(
    setup: Setup,
    draws: Draws,
    *,
    model: Callable[..., Any],
    tendency: Tendency,
    rest: np.ndarray,
    observation_operator: Callable[..., Any],
    integrator: px.AbstractIntegrator | str,
    climatology: ss.Gaussian | None = None,
    geometry: ss.Geometry | None = None,
) -> ss.StateSpace:
    """The state-space problem of a set-up.

    Without a spin-up the mean of the initial distribution is `rest`, and the truth starts from a
    draw of it. With a spin-up the truth starts from the end of the spin-up, and the mean of the
    initial distribution differs from it by an error of the same size.

    Arguments:
        setup: the options.
        draws: the random numbers.
        model: the vector field of the problem.
        tendency: the vector field on the host.
        rest: m₀ without a spin-up.
        observation_operator: H(t, x).
        integrator: the integrator of the problem; the truth is a run of classical Runge–Kutta.
        climatology: the distribution of the model's states over all times.
        geometry: positions of variables and observations.

    Errors: `PlugaxError` if the truth is not finite.
    """
    size, std = rest.size, setup.initial_std
    mean, truth = _run(setup, draws, tendency, rest)
    times = setup.interval * np.arange(1, setup.cycles + 1)
    observe = jax.vmap(observation_operator)
    seen = observe(jnp.asarray(times, float), jnp.asarray(truth, float))
    observations = np.asarray(seen, np.float64) + _noise(setup, draws, seen.shape)
    observations[draws.missing.random(seen.shape) < setup.missing] = np.nan
    error = setup.model_error_std
    return ss.StateSpace(
        model,
        times,
        observations,
        observation_operator,
        ss.ScalarCovariance(setup.observation_std, observations.shape[1]),
        ss.Gaussian(mean, ss.ScalarCovariance(std, size)),
        dt=setup.dt,
        integrator=integrator,
        model_error=ss.ScalarCovariance(error, size) if error else None,
        climatology=climatology,
        geometry=geometry,
        truth=truth,
        burn_in=setup.burn_in,
    )


def _run(
    setup: Setup, draws: Draws, tendency: Tendency, rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the initial distribution, and the true states at the observation times."""
    dt, every = setup.dt, setup.observe_every
    errors = None
    if setup.model_error_std:
        draw = lambda _: setup.model_error_std * draws.model.standard_normal(rest.shape)  # noqa: E731
        errors = map(draw, itertools.count())
    spinup = round(setup.spinup / dt)
    start = rest + setup.initial_std * draws.start.standard_normal(rest.shape)
    mean = rest
    with np.errstate(over="ignore", invalid="ignore"):  # reported below
        if spinup:
            start = run_on_host(tendency, start, dt=dt, steps=spinup, every=spinup)[-1]
            mean = start + setup.initial_std * draws.start.standard_normal(rest.shape)
        steps = every * setup.cycles
        truth = run_on_host(tendency, start, dt=dt, steps=steps, every=every, errors=errors)
    if not np.isfinite(truth[-1]).all():
        raise px.PlugaxError(
            f"The truth is not finite: the model diverged. A time step shorter than dt = {dt:g} "
            "may help."
        )
    return mean, truth


def _noise(setup: Setup, draws: Draws, shape: tuple[int, ...]) -> np.ndarray:
    """Errors of observations, of standard deviation σ whatever their distribution."""
    if setup.observation_errors == "laplace":
        return draws.observations.laplace(0, setup.observation_std / np.sqrt(2), shape)
    return setup.observation_std * draws.observations.standard_normal(shape)
