"""Numbers given as options, checked and made into array leaves, so that they can be swept."""

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from plugax import PlugaxError


def factor(value: Any) -> Float[Array, ""]:
    """A positive number.

    Errors: `PlugaxError` if it is not positive.
    """
    if isinstance(value, int | float) and not (value > 0 and math.isfinite(value)):
        raise PlugaxError(
            f"An inflation, a standard deviation or a certainty must be positive; got {value}."
        )
    return value if isinstance(value, jnp.ndarray) else jnp.asarray(value, float)


def optional_factor(value: Any) -> Float[Array, ""] | None:
    """A positive number, or None."""
    return None if value is None else factor(value)


def weight(value: Any) -> Float[Array, ""] | None:
    """A number from 0 to 1, or None.

    Errors: `PlugaxError` if it is outside this range.
    """
    if isinstance(value, int | float) and not 0 <= value <= 1:
        raise PlugaxError(f"The weight of a relaxation must be from 0 to 1; got {value}.")
    if value is None or isinstance(value, jnp.ndarray):
        return value
    return jnp.asarray(value, float)


def check_members(members: Any) -> None:
    """Raise `PlugaxError` if an ensemble of this size has no covariance."""
    if isinstance(members, bool) or not isinstance(members, int) or members < 2:
        raise PlugaxError(f"members must be a whole number, at least 2; got {members!r}.")


def check_lag(lag: Any) -> None:
    """Raise `PlugaxError` if a lag is not a whole number of cycles."""
    if isinstance(lag, bool) or not isinstance(lag, int) or lag < 0:
        raise PlugaxError(f"lag must be a whole number of cycles, at least 0; got {lag!r}.")


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Raise `PlugaxError` if a value is not among the choices."""
    if value not in choices:
        raise PlugaxError(f"{name} must be one of {', '.join(choices)}; got {value!r}.")
