"""Whether the parts of a 4DVar fit together: shapes always, values if they are known."""

from typing import TYPE_CHECKING

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike

from plugax import PlugaxError

if TYPE_CHECKING:
    from ._abstract_four_d_var import AbstractFourDVar


def check_four_d_var(problem: "AbstractFourDVar") -> None:
    """Raise `PlugaxError` for the first thing that does not fit."""
    background, observations = problem.background, problem.observations
    if background.ndim != 1:
        raise PlugaxError(f"The background must be a vector; got the shape {background.shape}.")
    if observations.ndim != 2:
        raise PlugaxError(
            "The observations must have the axes (times, observed); got the shape "
            f"{observations.shape}."
        )
    if not problem.observe_every >= 1 or not problem.forecast_steps >= 0:
        raise PlugaxError(
            "observe_every must be at least 1 and forecast_steps at least 0; got "
            f"{problem.observe_every} and {problem.forecast_steps}."
        )
    if problem.background_error.size != background.size:
        raise PlugaxError(
            f"background_error must be a covariance of size {background.size}, that of the "
            f"background; got {problem.background_error.size}."
        )
    state = jax.ShapeDtypeStruct(background.shape, background.dtype)
    time = jax.ShapeDtypeStruct((), background.dtype)
    _check_shape("model(t, x)", background.shape, problem.model, time, state)
    _check_shape(
        "observation_operator(t, x)",
        observations.shape[1:],
        problem.observation_operator,
        time,
        state,
    )
    try:
        fits = jnp.broadcast_shapes(problem.observation_std.shape, observations.shape)
    except ValueError:
        fits = None
    if fits != observations.shape:
        raise PlugaxError(
            f"observation_std must be a scalar or fit the observations' shape "
            f"{observations.shape}; got the shape {problem.observation_std.shape}."
        )
    times = problem.window_steps + problem.forecast_steps + 1
    if problem.truth is not None and problem.truth.shape != (times, background.size):
        raise PlugaxError(
            "The truth holds the state at the start and after every step of window and forecast, "
            f"the shape {(times, background.size)} here; got {problem.truth.shape}."
        )
    check_positive("observation_std", problem.observation_std)
    check_positive("dt", problem.dt)


def check_positive(name: str, value: ArrayLike) -> None:
    """Raise if a value is known and is not above zero."""
    try:
        least = np.min(np.asarray(value))
    except jax.errors.TracerArrayConversionError:  # for example while a population is being made
        return
    if not least > 0:
        raise PlugaxError(f"{name} must be positive; got {least}.")


def check_whole(name: str, value: int, least: int, most: int | None = None) -> None:
    """Raise if a value is not a whole number, or out of its range.

    Arguments:
        name: the name of the option.
        value: the value.
        least: the smallest value allowed.
        most: the largest value allowed, the number of variables; None without such a limit.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise PlugaxError(f"{name} must be a whole number; got {value!r}.")
    if value < least or (most is not None and value > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}, which is dim"
        raise PlugaxError(f"{name} must be {limits}; got {value}.")


def _check_shape(name, expected, function, *arguments):
    found = eqx.filter_eval_shape(function, *arguments)
    if getattr(found, "shape", None) != expected:
        raise PlugaxError(
            f"{name} must return an array of the shape {expected} here; got "
            f"{getattr(found, 'shape', type(found).__name__)}."
        )
