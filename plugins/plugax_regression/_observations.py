"""Checks of the arguments of a nonlinear regression."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from plugax import PlugaxError

from ._masked import check_unmasked
from ._whitening import factor_of


def as_observations(y: Any) -> Float[Array, "..."]:
    """The observations as an array of floats.

    Errors: `PlugaxError` if there are no observations, or one is not a finite number.
    """
    array = _numbers("y", y)
    if array.size == 0:
        raise PlugaxError("y holds no observations.")
    return jnp.asarray(array, float)


def predictors(x: Any) -> PyTree[Array]:
    """The explanatory variables as floats, since powers of integers overflow; booleans stay.

    Errors: `PlugaxError` if a leaf is not an array of finite numbers.
    """
    if isinstance(x, list | tuple) and all(np.isscalar(leaf) for leaf in jax.tree.leaves(x)):
        x = np.asarray(x)  # a list of numbers is meant as one array, not as many

    def one(path: tuple[Any, ...], leaf: Any) -> Array:
        array = _numbers(f"x{jax.tree_util.keystr(path)}", leaf)
        return jnp.asarray(array, None if array.dtype.kind == "b" else float)

    return jax.tree_util.tree_map_with_path(one, x)


def spread(sigma: Any, y: Float[Array, "..."], *, absolute: bool) -> Float[Array, "..."] | None:
    """The standard deviations in the shape of y, the factor L of their covariance, or None.

    Arguments:
        sigma: one standard deviation, one for each observation, a covariance L Lᵀ, or None.
        y: the observations.
        absolute: whether sigma is declared absolute, which requires one.

    Errors: `PlugaxError` if one is not positive, or there are too many or too few.
    """
    if sigma is None:
        if absolute:
            raise PlugaxError(
                "absolute_sigma=True needs sigma, the standard deviations in the unit of y."
            )
        return None
    array = _numbers("sigma", sigma)
    if array.shape == (y.size, y.size) and array.shape != y.shape:
        return jnp.asarray(factor_of(array.astype(float), "sigma"), float)
    if array.shape not in ((), y.shape):
        raise PlugaxError(
            f"sigma must be one number, or have the shape of y, {y.shape}, or be a covariance of "
            f"all observations, {(y.size, y.size)}; got the shape {array.shape}."
        )
    if np.any(array <= 0):
        raise PlugaxError(
            f"sigma must be positive; got {array.min():g}. Leave out an observation that should "
            "not count."
        )
    return jnp.asarray(np.broadcast_to(array, y.shape), float)


def check_points(points: int, parameters: tuple[str, ...]) -> None:
    """Raise unless there are as many observations as parameters, or more.

    Arguments:
        points: how many observations there are.
        parameters: the parameters' names.
    """
    if points < len(parameters):
        raise PlugaxError(
            f"{points} observations cannot determine {len(parameters)} parameters "
            f"({', '.join(parameters[:10])}{', …' * (len(parameters) > 10)})."
        )


def check_model(
    model: Callable[..., Any], start: PyTree, x: PyTree[Array], shape: tuple[int, ...]
) -> None:
    """Raise unless the model takes parameters and x, and returns an array in the shape of y.

    Arguments:
        model: the model.
        start: the parameters of the model.
        x: the explanatory variables.
        shape: the shape of y.
    """
    if not callable(model):
        raise PlugaxError(
            f"model must be a function, called as model(parameters, x); got {model!r}."
        )
    try:
        made = eqx.filter_eval_shape(model, start, x)
    except Exception as error:
        raise PlugaxError(
            "The model cannot be called as model(parameters, x) with the start given: "
            f"{type(error).__name__}: {error}"
        ) from error
    got = getattr(made, "shape", None)
    if got is None:
        raise PlugaxError(
            f"The model must return one array in the shape of y, {shape}; got an object of type "
            f"{type(made).__name__}."
        )
    if got != shape or not jnp.issubdtype(made.dtype, jnp.floating):
        raise PlugaxError(
            f"The model must return real floats in the shape of y, {shape}; got {made.dtype} in "
            f"the shape {got}."
        )


def _numbers(name: str, values: Any) -> np.ndarray:
    """An array of finite real numbers."""
    check_unmasked(name, values)
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise PlugaxError(f"{name} must be an array of numbers: {error}.") from error
    if array.dtype.kind not in "iufb":
        raise PlugaxError(f"{name} must hold real numbers; got {array.dtype}.")
    if not np.all(np.isfinite(array)):
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        where = f"[{', '.join(map(str, index))}]" if index else ""
        raise PlugaxError(
            f"{name}{where} is {array[index]}; leave out missing values in x, y and sigma."
        )
    return array
