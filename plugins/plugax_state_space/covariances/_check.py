"""Checks of the numbers that a covariance is made of."""

from typing import Any

import numpy as np
from jax.core import Tracer
from jaxtyping import ArrayLike

from plugax import PlugaxError


def check_numbers(name: str, value: ArrayLike, *, of: str) -> None:
    """Raise `PlugaxError` if an array with known values holds a number that is not finite."""
    if isinstance(value, Tracer):
        return
    array = np.asarray(value)
    wrong = ~np.isfinite(array.astype(np.float64))
    if wrong.any():
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f" at {list(first)}" if first else ""
        raise PlugaxError(
            f"{name} of a {of} must be finite; it is {array[first]}{where}, and {wrong.sum()} of "
            f"its {array.size} numbers are not."
        )


def check_positive(name: str, value: ArrayLike, *, of: str) -> None:
    """Raise `PlugaxError` if the value of a number is known and is not positive."""
    if isinstance(value, Tracer):
        return
    array = np.asarray(value)  # by NumPy, which computes immediately even under jit
    if not np.all((array > 0) & np.isfinite(array)):
        raise PlugaxError(f"{name} of a {of} must be positive and finite; got {value}.")


def check_scalar(name: str, value: ArrayLike, *, of: str) -> None:
    """Raise `PlugaxError` if a value is not one positive number."""
    if np.shape(value) != ():
        raise PlugaxError(
            f"{name} of a {of} must be one number; got an array of shape {np.shape(value)}."
        )
    check_positive(name, value, of=of)


def check_size(size: Any, *, of: str) -> None:
    """Raise `PlugaxError` if a size is not a positive whole number."""
    if isinstance(size, bool) or not hasattr(size, "__index__") or size < 1:
        raise PlugaxError(f"size of a {of} must be a whole number, at least 1; got {size!r}.")
