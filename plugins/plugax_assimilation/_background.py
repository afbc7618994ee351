"""Background errors: where the methods that bring no ensemble take B from."""

import math
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from plugax import AbstractCovariance, AbstractStateSpace, Gaussian, PlugaxError


def climate(problem: AbstractStateSpace) -> Gaussian:
    """The distribution of the model's states over all times.

    Errors: `PlugaxError` where the problem has none.
    """
    if problem.climatology is None:
        raise PlugaxError(
            "This method takes its background errors from the problem's climatology, and the "
            "problem has none. Give it climatology=plugax.Gaussian(mean, covariance), of the "
            "states of a long run of the model."
        )
    return problem.climatology


def background_error(
    problem: AbstractStateSpace, covariance: AbstractCovariance | None, scale: Float[Array, ""]
) -> AbstractCovariance:
    """The covariance that was given, or α C with C that of the climate.

    Errors: `PlugaxError` where there is neither, or where the size is wrong.
    """
    if covariance is None:
        return climate(problem).covariance * scale
    size = problem.initial.covariance.size
    if covariance.size != size:
        raise PlugaxError(
            f"covariance must be one of the {size} numbers of the state; got one of "
            f"{covariance.size}."
        )
    return covariance


def positive(value: Any) -> Float[Array, ""]:
    """A positive number as an array leaf, so that it can be swept.

    Errors: `PlugaxError` where it is none.
    """
    if isinstance(value, int | float) and not (value > 0 and math.isfinite(value)):
        raise PlugaxError(f"A scale, a tolerance or an inflation must be positive; got {value}.")
    return value if isinstance(value, jnp.ndarray) else jnp.asarray(value, float)


def check_count(name: str, value: Any) -> None:
    """Raise `PlugaxError` where a count is not a whole number from 1 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PlugaxError(f"{name} must be a whole number, at least 1; got {value!r}.")
