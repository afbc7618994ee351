"""Background errors: the covariance B for methods without an ensemble."""

import math
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from plugax import PlugaxError
from plugax_state_space import AbstractCovariance, AbstractStateSpace, Gaussian


def no_climate(problem: AbstractStateSpace) -> str | None:
    """Why a solver that needs a climatology cannot solve the problem; None if it can."""
    if problem.climatology is not None:
        return None
    return (
        "takes its background errors from the problem's climatology, but the problem has none. "
        "Give it climatology=plugax_state_space.Gaussian(mean, covariance), estimated from the "
        "states of a long run of the model."
    )


def climate(problem: AbstractStateSpace) -> Gaussian:
    """The distribution of the model's states over all times; `unsuitable` has checked for it.

    Errors: `PlugaxError` if the problem has none.
    """
    if problem.climatology is None:
        raise PlugaxError("The problem has no climatology.")
    return problem.climatology


def no_background(problem: AbstractStateSpace, covariance: AbstractCovariance | None) -> str | None:
    """Why a solver has no background errors; None if it has.

    Either no covariance was given and the problem has no climatology, or its size is wrong.
    """
    if covariance is None:
        return no_climate(problem)
    size = problem.initial.covariance.size
    if covariance.size == size:
        return None
    return (
        f"needs the background errors of the {size} numbers of the state; the option covariance "
        f"has size {covariance.size}."
    )


def background_error(
    problem: AbstractStateSpace, covariance: AbstractCovariance | None, scale: Float[Array, ""]
) -> AbstractCovariance:
    """The covariance that was given, or α C with the covariance C of the climate."""
    return climate(problem).covariance * scale if covariance is None else covariance


def positive(value: Any) -> Float[Array, ""]:
    """A positive number as an array leaf, so that it can be swept.

    Errors: `PlugaxError` if it is not positive.
    """
    if isinstance(value, int | float) and not (value > 0 and math.isfinite(value)):
        raise PlugaxError(f"A scale, a tolerance or an inflation must be positive; got {value}.")
    return value if isinstance(value, jnp.ndarray) else jnp.asarray(value, float)


def check_count(name: str, value: Any) -> None:
    """Raise `PlugaxError` if a count is not a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PlugaxError(f"{name} must be a whole number, at least 1; got {value!r}.")
