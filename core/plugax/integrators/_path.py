"""Dense output: the path of a solution, its state as a function of time.

Between two states of a trajectory, the path is the cubic with their values and slopes (Hermite),
whose error is h⁴/384 max|y⁗| for a step h.
"""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ._start import as_arrays, choose, time_dtype, with_start


class AbstractPath(eqx.Module):
    """The path of a solution between two times: the state as a function of time."""

    @abc.abstractmethod
    def __call__(self, t: float | Float[Array, ""]) -> PyTree:
        """The state at one time; NaN outside the path's times.

        Arguments:
            t: the time.
        """


class CubicPath(AbstractPath):
    """Cubic between states on an even grid of times.

    Arguments:
        t0: the time of the first state.
        dt: the time from one state to the next.
        states: the states, with a leading axis over the times.
        slopes: dy/dt at these times.
    """

    t0: Float[Array, ""]
    dt: Float[Array, ""]
    states: PyTree[Array]
    slopes: PyTree[Array]

    def __call__(self, t: float | Float[Array, ""]) -> PyTree:
        """The state at one time."""
        steps = jax.tree.leaves(self.states)[0].shape[0] - 1
        position = (jnp.asarray(t, self.t0.dtype) - self.t0) / self.dt
        index = jnp.clip(jnp.floor(position), 0, steps - 1).astype(int)
        s = position - index.astype(position.dtype)
        # A time may be outside of the path by rounding; the cubic is accurate there too.
        inside = (position >= -1e-3) & (position <= steps + 1e-3)

        def one(states: Array, slopes: Array) -> Array:
            u = jnp.where(inside, s, 0).astype(states.dtype)
            h = self.dt.astype(states.dtype)
            y0, y1, k0, k1 = states[index], states[index + 1], slopes[index], slopes[index + 1]
            value = (1 + 2 * u) * (1 - u) ** 2 * y0 + u**2 * (3 - 2 * u) * y1
            value = value + h * u * (1 - u) * ((1 - u) * k0 - u * k1)
            return jnp.where(inside, value, jnp.nan)

        return jax.tree.map(one, self.states, self.slopes)


def cubic_path(
    trajectory: Callable[..., PyTree], field: Any, y0: PyTree, *, dt: Any, steps: int, t0: Any
) -> CubicPath:
    """The path through a trajectory; see `AbstractIntegrator.dense`."""
    y0 = as_arrays(y0)
    dtype = time_dtype(y0)
    t0, dt = jnp.asarray(t0, dtype), jnp.asarray(dt, dtype)
    states = with_start(y0, trajectory(field, y0, dt=dt, steps=steps, t0=t0))
    times = t0 + dt * jnp.arange(steps + 1).astype(dtype)
    # No slope is needed at a state that is NaN, and its derivative would be NaN times zero.
    valid = jax.vmap(
        lambda y: jnp.all(jnp.asarray([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(y)]))
    )(states)
    slopes = jax.vmap(lambda t, ok, y: field(t, choose(ok, y, y0)))(times, valid, states)
    slopes = jax.tree.map(lambda k, y: jnp.asarray(k, y.dtype), slopes, states)
    return CubicPath(t0, dt, states, slopes)
