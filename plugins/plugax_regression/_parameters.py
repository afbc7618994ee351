"""The parameters of a model as a user gives them: any pytree of numbers."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, PyTree

from plugax import PlugaxError

from ._masked import check_unmasked


def as_parameters(start: PyTree) -> PyTree:
    """The pytree with every number and array of numbers as an array of floats.

    Functions in it, such as the activation of a network, are not changed.

    Errors: `PlugaxError` that names the first leaf that is not a finite real number or an array of
    such numbers, and for a pytree without numbers.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(start)
    made = [leaf if callable(leaf) else _as_floats(path, leaf) for path, leaf in leaves]
    if not any(isinstance(leaf, jax.Array) for leaf in made):
        raise PlugaxError(f"start holds no numbers, so there is nothing to fit; got {start!r}.")
    return jax.tree.unflatten(structure, made)


def as_vector(
    parameters: PyTree,
) -> tuple[Float[jax.Array, " n"], Callable[[jax.Array], PyTree]]:
    """The numbers in a pytree as one vector, and the function from such a vector to the pytree."""
    free, fixed = eqx.partition(parameters, eqx.is_inexact_array)
    vector, unravel = ravel_pytree(free)
    return vector, lambda vector: eqx.combine(unravel(vector), fixed)


def names_of(parameters: PyTree) -> tuple[str, ...]:
    """A name for every number: its place in the pytree, as `rate`, `decay.rate` or `b[2]`.

    Arguments:
        parameters: as `as_parameters` gives them; numbers in the order in which JAX ravels them.
    """
    names = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(parameters)[0]:
        if not isinstance(leaf, jax.Array):
            continue
        name = _name(path) or "parameter"
        shape = leaf.shape
        names += [name + "".join(f"[{i}]" for i in index) for index in np.ndindex(shape)]
    return tuple(names)


def _name(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".")


def _as_floats(path: tuple[Any, ...], leaf: Any) -> jax.Array:
    name = f"start, at {_name(path)!r}," if path else "start"
    check_unmasked(name, leaf)
    try:
        array = np.asarray(leaf)
    except (ValueError, TypeError):
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        raise PlugaxError(
            f"{name} must be a real number or an array of them; got {leaf!r} of type "
            f"{type(leaf).__name__}."
        )
    if not np.all(np.isfinite(array)):
        raise PlugaxError(f"{name} must be finite; got {leaf!r}.")
    return jnp.asarray(array, float)
