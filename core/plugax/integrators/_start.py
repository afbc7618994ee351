"""The state to start from: conversion to arrays, and the dtype of times."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from ..errors import PlugaxError


def as_arrays(y0: PyTree) -> PyTree:
    """`y0` with its leaves as arrays without weak types, so that a loop can carry them."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf)), y0)


def time_dtype(state: PyTree) -> Any:
    """The dtype of times: the real dtype of the state's most precise array."""
    dtypes = [leaf.dtype for leaf in jax.tree.leaves(state)]
    real = [jnp.finfo(d).dtype for d in dtypes if jnp.issubdtype(d, jnp.inexact)]
    if not real:
        raise PlugaxError(
            "The state y0 must hold floating-point arrays, since it changes continuously; got "
            f"{[d.name for d in dtypes] or 'none'}. Convert them: y0.astype(float)."
        )
    return max(real, key=lambda dtype: jnp.finfo(dtype).bits)


def last(states: PyTree) -> PyTree:
    """The last state of a trajectory."""
    return jax.tree.map(lambda leaf: leaf[-1], states)


def with_start(y0: PyTree, states: PyTree) -> PyTree:
    """The trajectory with its start in front."""
    return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), y0, states)


def choose(condition: Array, one: PyTree, other: PyTree) -> PyTree:
    """The first state if the condition is true, else the second."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), one, other)
