"""The time of an event: the first sign change along a trajectory, to rounding.

The time t is the root of g(t, y(t)) between the two states whose signs differ; y(t) is one step of
the scheme, from the earlier state to t itself. So the state is as accurate as the others of the
trajectory, and the derivative of the time, −(∂g/∂θ) / (dg/dt), is that of the root.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from ..errors import PlugaxError
from ._bracketed_root import bracketed_root
from ._start import as_arrays, choose, last, time_dtype, with_start

DIRECTIONS = ("both", "up", "down")


class Crossing(eqx.Module):
    """A zero crossing of an event function.

    Attributes:
        happened: whether there was a crossing.
        time: its time, or the last time if there was none.
        state: the state at that time.
    """

    happened: Bool[Array, ""]
    time: Float[Array, ""]
    state: PyTree[Array]


def first_crossing(
    trajectory: Callable[..., PyTree],
    field: Any,
    event: Callable[[Any, PyTree], Any],
    y0: PyTree,
    *,
    dt: Any,
    steps: int,
    t0: Any,
    direction: str,
) -> Crossing:
    """The first crossing in a trajectory; see `AbstractIntegrator.until`."""
    if direction not in DIRECTIONS:
        raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}; got {direction!r}.")
    y0 = as_arrays(y0)
    dtype = time_dtype(y0)
    t0, dt = jnp.asarray(t0, dtype), jnp.asarray(dt, dtype)
    states = with_start(y0, trajectory(field, y0, dt=dt, steps=steps, t0=t0))
    times = t0 + dt * jnp.arange(steps + 1).astype(dtype)
    values = jax.vmap(lambda t, y: _number(event(t, y), dtype))(times, states)
    crossed = _sign_changes(values, direction)
    happened = jnp.any(crossed)
    before = jnp.argmax(crossed)
    # Without a crossing, only y0 is used below: a failed solution is NaN, and not selecting a NaN
    # keeps it out of the result, but not out of the gradient.
    found = jax.tree.map(lambda leaf: leaf[before], states)
    start, y = times[before], choose(happened, found, y0)

    def ahead(fraction: Array) -> PyTree:
        return last(trajectory(field, y, dt=fraction * dt, steps=1, t0=start))

    def residual(fraction: Array) -> Array:
        value = event(start + fraction * dt, choose(happened, ahead(fraction), y0))
        return jnp.where(happened, _number(value, dtype), fraction - 1)

    fraction = bracketed_root(residual, jnp.zeros((), dtype), jnp.ones((), dtype))
    time = jnp.where(happened, start + fraction * dt, times[-1])
    return Crossing(happened, time, choose(happened, ahead(fraction), last(states)))


def _sign_changes(values: Array, direction: str) -> Array:
    before, after = values[:-1], values[1:]
    up, down = (before < 0) & (after >= 0), (before > 0) & (after <= 0)
    return {"up": up, "down": down, "both": up | down}[direction]


def _number(value: Any, dtype: Any) -> Array:
    if jnp.shape(value) != () or not jnp.issubdtype(jnp.result_type(value), jnp.floating):
        raise PlugaxError(
            "event(t, y) must be one real number that changes its sign; got "
            f"{jnp.result_type(value)}{list(jnp.shape(value))}. For a condition such as y < 3, "
            "give the difference, y - 3."
        )
    return jnp.asarray(value).astype(dtype)
