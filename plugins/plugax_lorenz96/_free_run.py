"""Free runs of the models on the host, the same on every machine.

The flow is chaotic: over a spin-up a rounding error grows until the state is a different one. So a
truth from a compiled program would differ between devices, precisions and compiler settings, and an
experiment saved on one machine could not be drawn again on another. NumPy adds and multiplies in a
fixed order in float64, as IEEE 754 defines it, with the same result everywhere.
"""

from collections.abc import Callable, Iterator

import numpy as np

Tendency = Callable[[np.ndarray], np.ndarray]
"""dx/dt of states along the last axis of an array; any axes before it."""


def run_on_host(
    tendency: Tendency,
    state: np.ndarray,
    *,
    dt: float,
    steps: int,
    every: int = 1,
    errors: Iterator[np.ndarray] | None = None,
) -> np.ndarray:
    """The states after every `every` of `steps` classical Runge–Kutta steps.

    Arguments:
        tendency: dx/dt.
        state: the initial state, or several, one per row.
        dt: the time step.
        steps: number of time steps.
        every: number of time steps from one stored state to the next.
        errors: model errors, one for every stored state, which are added to it.

    Returns:
        float64 with a leading axis of size `steps // every` before those of `state`.
    """
    kept = np.empty((steps // every, *state.shape))
    x = state.astype(np.float64)
    for step in range(1, steps + 1):
        k1 = tendency(x)
        k2 = tendency(x + dt / 2 * k1)
        k3 = tendency(x + dt / 2 * k2)
        k4 = tendency(x + dt * k3)
        x = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        if step % every == 0:
            if errors is not None:
                x = x + next(errors)
            kept[step // every - 1] = x
    return kept


def lorenz96(shape: tuple[int, ...], forcing: float) -> Tendency:
    """Lorenz96 of states of a shape."""
    ring = np.empty((*shape[:-1], shape[-1] + 3))

    def tendency(x: np.ndarray) -> np.ndarray:
        ring[..., 2:-1] = x
        ring[..., :2], ring[..., -1] = x[..., -2:], x[..., 0]
        return (ring[..., 3:] - ring[..., :-3]) * ring[..., 1:-2] - x + forcing

    return tendency


def lorenz63(sigma: float, rho: float, beta: float) -> Tendency:
    """Lorenz63, of one state or a row each."""

    def tendency(state: np.ndarray) -> np.ndarray:
        x, y, z = state.T
        return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z]).T

    return tendency


def two_scale(
    shape: tuple[int, ...],
    *,
    forcing: float,
    coupling: float,
    amplitude_ratio: float,
    time_ratio: float,
    fast: int,
) -> Tendency:
    """Two-scale Lorenz96 of states of a shape; arguments as for `TwoScaleLorenz96`."""
    slow = shape[-1] // (1 + fast)
    b, c, exchange = amplitude_ratio, time_ratio, coupling * time_ratio / amplitude_ratio
    slow_alone = lorenz96((*shape[:-1], slow), forcing)
    ring = np.empty((*shape[:-1], slow * fast + 3))

    def tendency(state: np.ndarray) -> np.ndarray:
        x, y = state[..., :slow], state[..., slow:]
        ring[..., 1:-2] = y
        ring[..., 0], ring[..., -2:] = y[..., -1], y[..., :2]
        sums = y.reshape(*x.shape, fast).sum(-1)
        change = np.empty_like(state)
        change[..., :slow] = slow_alone(x) - exchange * sums
        turning = c * b * ring[..., 2:-1] * (ring[..., :-3] - ring[..., 3:])
        change[..., slow:] = turning - c * y + exchange * np.repeat(x, fast, axis=-1)
        return change

    return tendency


def free_run(
    state: np.ndarray, *, forcing: float, dt: float, steps: int, every: int = 1
) -> np.ndarray:
    """`run_on_host` of Lorenz96.

    Arguments:
        state: the initial state, or several, one per row.
        forcing: F.
        dt: the time step.
        steps: number of time steps.
        every: number of time steps from one stored state to the next.
    """
    return run_on_host(lorenz96(state.shape, forcing), state, dt=dt, steps=steps, every=every)
