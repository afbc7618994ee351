"""The climate of Lorenz's models: mean and covariance of their states over all times.

Many states are run side by side on the host, so that a long sample takes a tenth of a second.
"""

import functools
from typing import NamedTuple

import numpy as np

import plugax_state_space as ss

from ._free_run import Tendency, lorenz63, lorenz96, run_on_host, two_scale
from ._ring_covariance import RingCovariance

# Correlations of Lorenz96 vanish within some ten variables, so a ring of this size gives those of
# any longer one.
LARGEST_RING = 160
# A dense covariance of the two-scale model has at most the square of this many numbers.
LARGEST_DENSE = 2000
# A sample has so many numbers at a time, in as many states side by side as that makes.
NUMBERS_AT_A_TIME = 2560


class RingClimate(NamedTuple):
    """The climate of Lorenz96 on a ring: the same at every variable.

    Attributes:
        mean: the mean of a variable.
        std: the standard deviation of a variable.
        spectrum: the spectrum of the states, at the wavenumbers of a real transform.
    """

    mean: float
    std: float
    spectrum: np.ndarray


def sample_of(
    tendency: Tendency,
    starts: np.ndarray,
    *,
    dt: float,
    spinup: float,
    apart: float,
    times: int,
) -> np.ndarray | None:
    """States of the climate, `(samples, size)`; None if the model diverges or comes to rest.

    Arguments:
        tendency: the tendency of the model, for arrays of the shape of `starts`.
        starts: the initial states, one per row, which have no influence after the spin-up.
        dt: time step.
        spinup: time until the first sample.
        apart: time from one sample of a row to the next.
        times: number of samples of a row.
    """
    first, every = max(1, round(spinup / dt)), max(1, round(apart / dt))
    with np.errstate(over="ignore", invalid="ignore"):
        states = run_on_host(tendency, starts, dt=dt, steps=first, every=first)[-1]
        states = run_on_host(tendency, states, dt=dt, steps=times * every, every=every)
        sound = np.isfinite(states).all() and states.std(axis=(0, 1)).min() > 1e-3
    return states.reshape(-1, starts.shape[-1]) if sound else None


@functools.lru_cache(maxsize=32)
def _of_ring(size: int, forcing: float, dt: float) -> RingClimate | None:
    shape = (max(1, NUMBERS_AT_A_TIME // size), size)
    starts = forcing + np.random.default_rng(0).standard_normal(shape)
    states = sample_of(lorenz96(shape, forcing), starts, dt=dt, spinup=10.0, apart=0.25, times=100)
    if states is None:
        return None
    mean = states.mean()
    spectrum = np.square(np.abs(np.fft.rfft(states - mean))).mean(0)
    return RingClimate(float(mean), float(states.std()), spectrum)


def lorenz96_climate(dim: int, forcing: float, dt: float) -> ss.Gaussian | None:
    """The climate of Lorenz96, or None if the model comes to rest or diverges.

    Beyond `LARGEST_RING` variables the spectrum of that ring is interpolated.

    Arguments:
        dim: number of variables.
        forcing: F.
        dt: time step.
    """
    # A longer step if it is good enough: the climate depends little on it.
    step = max(dt, min(0.05, 0.4 / max(abs(forcing), 1e-6)))
    climate = _of_ring(min(dim, LARGEST_RING), float(forcing), step)
    if climate is None:
        return None
    there = np.linspace(0, 1, len(climate.spectrum))
    spectrum = np.interp(2 * np.arange(dim // 2 + 1) / dim, there, climate.spectrum)
    if dim <= LARGEST_RING:
        spectrum = climate.spectrum
    return ss.Gaussian(np.full(dim, climate.mean), RingCovariance(climate.std, spectrum, dim))


@functools.lru_cache(maxsize=32)
def _of_lorenz63(sigma: float, rho: float, beta: float, dt: float) -> np.ndarray | None:
    starts = np.array([0.0, 0.0, rho]) + np.random.default_rng(0).standard_normal((256, 3))
    return sample_of(lorenz63(sigma, rho, beta), starts, dt=dt, spinup=5.0, apart=0.5, times=20)


def lorenz63_climate(sigma: float, rho: float, beta: float, dt: float) -> ss.Gaussian | None:
    """The climate of Lorenz63, or None if the model comes to rest or diverges.

    Arguments:
        sigma: σ.
        rho: ρ.
        beta: β.
        dt: time step.
    """
    states = _of_lorenz63(sigma, rho, beta, max(dt, 0.02))
    if states is None:
        return None
    return ss.Gaussian(states.mean(0), ss.DenseCovariance(np.cov(states.T)))


@functools.lru_cache(maxsize=8)
def _of_two_scale(slow: int, fast: int, dt: float, **parameters: float) -> np.ndarray | None:
    shape = (8, slow * (1 + fast))
    starts = np.random.default_rng(0).standard_normal(shape)
    tendency = two_scale(shape, fast=fast, **parameters)
    states = sample_of(tendency, starts, dt=dt, spinup=3.0, apart=0.5, times=10)
    if states is None:
        return None
    # The ring looks the same from every slow variable, so each rotation of a state is a sample.
    x = states[:, :slow]
    y = states[:, slow:].reshape(-1, slow, fast)
    turned = [
        np.concatenate([np.roll(x, k, 1), np.roll(y, k, 1).reshape(len(y), -1)], 1)
        for k in range(slow)
    ]
    return np.concatenate(turned)


def two_scale_climate(
    slow: int, fast: int, *, dt: float, **parameters: float
) -> ss.Gaussian | None:
    """The climate of two-scale Lorenz96; None if the model rests, diverges or is too large.

    Arguments:
        slow: number of slow variables.
        fast: number of fast variables per slow one.
        dt: time step.
        parameters: the other parameters of the model.
    """
    if slow * (1 + fast) > LARGEST_DENSE:
        return None
    states = _of_two_scale(slow, fast, dt, **parameters)
    if states is None:
        return None
    return ss.Gaussian(states.mean(0), ss.DenseCovariance(np.cov(states.T)))
