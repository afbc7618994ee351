"""Observation errors that vary in time: one covariance for every observation time."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from plugax import PlugaxError

from .covariances import AbstractCovariance, DenseCovariance, DiagonalCovariance

ObservationError = (
    AbstractCovariance | Sequence[AbstractCovariance] | Callable[[float], AbstractCovariance]
)
"""R, or a list with R at every observation time, or R as a function of time."""


def errors_at(
    times: Any, given: ObservationError
) -> tuple[AbstractCovariance, AbstractCovariance | None]:
    """R at the first time, and R at all times with time as the first axis; None if constant.

    Covariances of different kinds are converted to diagonal ones if possible, else to matrices.

    Arguments:
        times: the times of the observations.
        given: R, or a list with R at every time, or R as a function of time.

    Errors: `PlugaxError` if `given` is anything else, or the sizes differ.
    """
    if isinstance(given, AbstractCovariance):
        return given, None
    each = each_of(times, given)
    sizes = [one.size for one in each]
    if len(set(sizes)) > 1:
        odd = next(number for number, size in enumerate(sizes) if size != sizes[0])
        raise PlugaxError(
            "observation_error must have the same size at all times, with NaN for observations "
            f"that are missing; its size is {sizes[0]} at time 0, and {sizes[odd]} at time {odd}."
        )
    if len({jax.tree.structure(one) for one in each}) > 1:
        each = [_common(one, all(one.uncorrelated for one in each)) for one in each]
    return each[0], jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)


def each_of(times: Any, given: ObservationError) -> list[AbstractCovariance]:
    """R at every time.

    Errors: `PlugaxError` if something is not a covariance, or if their number is wrong.
    """
    times = np.asarray(times, np.float64)
    asked = callable(given) and not isinstance(given, AbstractCovariance)
    each: Any = [cast(Any, given)(float(time)) for time in times] if asked else given
    if not isinstance(each, list | tuple) or not all(
        isinstance(one, AbstractCovariance) for one in each
    ):
        what = f"{type(each[0]).__name__}s" if asked and each else type(given).__name__
        raise PlugaxError(
            "observation_error must be a covariance, a list of them with one for every observation "
            f"time, or a function of time that returns one; got {what}."
        )
    if len(each) != times.size:
        raise PlugaxError(
            f"observation_error must have one covariance for each of the {times.size} observation "
            f"times; got {len(each)}."
        )
    return list(each)


def _common(covariance: AbstractCovariance, diagonal: bool) -> AbstractCovariance:
    if diagonal:
        return DiagonalCovariance(jnp.sqrt(covariance.variances()))
    return DenseCovariance(covariance.as_matrix())
