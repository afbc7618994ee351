"""A free run of Lorenz96 on the host, the same on every machine.

The flow is chaotic: over a spin-up the last bit of rounding grows until the state is another one.
So a truth computed by a compiled program would differ between devices, precisions and compiler
settings, and a run saved on one could not be drawn on another. NumPy adds and multiplies one after
the other in float64, as IEEE 754 says, with the same result everywhere.
"""

import numpy as np


def free_run(
    state: np.ndarray, *, forcing: float, dt: float, steps: int, every: int = 1
) -> np.ndarray:
    """The states after every `every` of `steps` classical Runge–Kutta steps of Lorenz96.

    Arguments:
        state: where the run starts, `(dim,)`.
        forcing: F.
        dt: the time step.
        steps: number of time steps.
        every: time steps from one state that is kept to the next.

    Returns:
        float64 of shape `(steps // every, dim)`.
    """
    ring = np.empty(state.size + 3)

    def tendency(x: np.ndarray) -> np.ndarray:
        ring[2:-1] = x
        ring[:2], ring[-1] = x[-2:], x[0]
        return (ring[3:] - ring[:-3]) * ring[1:-2] - x + forcing

    kept = []
    x = state.astype(np.float64)
    for step in range(1, steps + 1):
        k1 = tendency(x)
        k2 = tendency(x + dt / 2 * k1)
        k3 = tendency(x + dt / 2 * k2)
        k4 = tendency(x + dt * k3)
        x = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        if step % every == 0:
            kept.append(x)
    return np.stack(kept)
