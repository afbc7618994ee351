"""What is known at one observation time: the batch of a cycle."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from plugax import PlugaxError

from .covariances import AbstractCovariance


class Cycle(eqx.Module):
    """One observation time, or several in order if every array has a leading time axis.

    Attributes:
        time: when the observations were made.
        duration: the time since the previous observations, or since the start. It is stored because
            the difference of two late times loses digits in single precision.
        observations: what was observed; 0 where an observation is missing.
        available: which observations there are; None if no observation is missing.
        truth: the true state at that time, with the structure of the unknowns; None if it is not
            known.
        error: R of these observations; None if it is the same at all times.
        moves: whether time passes before the observations; None if it does before all of them. It
            does not pass if the first observations are made at the start.
    """

    time: Float[Array, "*times"]
    duration: Float[Array, "*times"]
    observations: Float[Array, "*times observed"]
    available: Bool[Array, "*times observed"] | None
    truth: PyTree[Float[Array, "..."]] | None
    error: AbstractCovariance | None = None
    moves: Bool[Array, "*times"] | None = None


def cycles_of(
    times: Any,
    observations: Any,
    *,
    start: float = 0.0,
    truth: PyTree | None = None,
    error: AbstractCovariance | None = None,
) -> Cycle:
    """The cycles of a series of observations, in order, made on the host.

    Durations are differences in double precision.

    Arguments:
        times: the times of the observations, `(times,)`, increasing, the first one at `start` or
            after it.
        observations: `(times, observed)`, NaN where missing; if their number varies, as many
            columns as the largest number.
        start: the time of the initial distribution.
        truth: the true states at `times`, with time as the first axis of every array.
        error: R at `times`, with time as the first axis of every array; None if it is constant.

    Errors: `PlugaxError` if shapes do not fit, times do not increase, an observation is infinite,
    or nothing was observed at all.
    """
    times, observations = np.asarray(times, np.float64), np.asarray(observations, np.float64)
    if times.ndim != 1 or not times.size:
        raise PlugaxError(f"times must be a row of one time or more; got shape {times.shape}.")
    if observations.ndim != 2 or len(observations) != len(times):
        raise PlugaxError(
            f"observations must have the axes (times, observed), with {len(times)} times; got "
            f"shape {observations.shape}."
        )
    durations = np.diff(times, prepend=start)
    right = durations > 0  # so that NaN is found too
    right[0] |= durations[0] == 0
    if not right.all():
        late = int(np.argmin(right))
        raise PlugaxError(
            f"times must increase from the start at {start}; time {late} is {times[late]}, after "
            f"{times[late - 1] if late else start}."
        )
    if np.isinf(observations).any():
        raise PlugaxError("An observation is infinite; write NaN where one is missing.")
    available = ~np.isnan(observations)
    if not available.any():
        raise PlugaxError("All observations are missing (NaN); nothing was observed.")
    for leaf in jax.tree.leaves(truth):
        if np.shape(leaf)[:1] != (len(times),):
            raise PlugaxError(
                f"The truth must have the {len(times)} observation times as the leading axis of "
                f"every array; got shape {np.shape(leaf)}."
            )
    return Cycle(
        time=jnp.asarray(times, float),
        duration=jnp.asarray(durations, float),
        observations=jnp.asarray(np.where(available, observations, 0.0), float),
        available=None if available.all() else jnp.asarray(available),
        truth=jax.tree.map(lambda leaf: jnp.asarray(leaf, float), truth),
        error=error,
        moves=None if durations[0] > 0 else jnp.asarray(durations > 0),
    )
