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
"""R; or R at every observation time, or as a function of time."""


def errors_at(
    times: Any, given: ObservationError
) -> tuple[AbstractCovariance, AbstractCovariance | None]:
    """R at the first time, and R at all times with time leading every array; None if constant.

    Covariances of different kinds are taken as diagonal ones, or as matrices.

    Arguments:
        times: of the observations.
        given: R, a list of one for every time, or a function of time.

    Errors: `PlugaxError` where it is none of these, or the sizes differ.
    """
    if isinstance(given, AbstractCovariance):
        return given, None
    each = each_of(times, given)
    sizes = [one.size for one in each]
    if len(set(sizes)) > 1:
        odd = next(number for number, size in enumerate(sizes) if size != sizes[0])
        raise PlugaxError(
            "observation_error must be of one size at all times, with NaN among the observations "
            f"where some are missing; it is of {sizes[0]} at time 0, and of {sizes[odd]} at {odd}."
        )
    if len({jax.tree.structure(one) for one in each}) > 1:
        each = [_common(one, all(one.uncorrelated for one in each)) for one in each]
    return each[0], jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)


def each_of(times: Any, given: ObservationError) -> list[AbstractCovariance]:
    """R at every time.

    Errors: `PlugaxError` where it is no covariance, or their number is another one.
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
            f"time, or a function of time that gives one; got {what}."
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
