"""States at given times: equal time steps from each time to the next.

    y(t_i) = the end of a trajectory from y(t_{i−1}), in n steps of (t_i − t_{i−1}) / n

So each of the times is always the end of a step. It is never compared with a grid of times, which
it might miss by rounding.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.lax as lax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..errors import PlugaxError
from ._start import as_arrays, last, time_dtype


def states_at(
    trajectory: Callable[..., PyTree],
    field: Any,
    y0: PyTree,
    times: Any,
    *,
    substeps: int,
    t0: Any,
) -> PyTree:
    """The states at `times`; see `AbstractIntegrator.at`."""
    y0 = as_arrays(y0)
    dtype = time_dtype(y0)
    known = times
    times = jnp.asarray(times, dtype)
    if times.ndim != 1 or times.size == 0:
        raise PlugaxError(
            f"times must have one axis and at least one time; got shape {times.shape}. "
            "For a single time, give a list of one element."
        )
    _check_order(known, t0)
    starts = jnp.concatenate([jnp.asarray(t0, dtype)[None], times[:-1]])

    def advance(y: PyTree, interval: Any) -> tuple[PyTree, PyTree]:
        start, end = interval
        dt = (end - start) / substeps
        y = last(trajectory(field, y, dt=dt, steps=substeps, every=substeps, t0=start))
        return y, y

    return lax.scan(advance, y0, (starts, times))[1]


def _check_order(times: Any, t0: Any) -> None:
    try:
        known = np.concatenate([np.asarray(t0).reshape(1), np.asarray(times)])
    except jax.errors.TracerArrayConversionError:
        return  # traced: the values are not known
    lengths = np.diff(known)
    if not np.all(np.isfinite(known)) or (np.any(lengths < 0) and np.any(lengths > 0)):
        raise PlugaxError(
            f"times must be finite, and run from t0={t0} in one direction; got {known[1:]}. "
            "Sort them."
        )
