"""What every integration begins with: its arguments, checked, as arrays of one precision."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from plugax import PlugaxError

VectorField = Callable[[Any, PyTree], PyTree]
"""`field(t, y)` returns dy/dt."""


def check_steps(steps: int, every: int) -> None:
    """Raise `PlugaxError` unless `steps` is a positive multiple of `every`."""
    for name, value in (("steps", steps), ("every", every)):
        if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
            raise PlugaxError(
                f"{name} must be a positive whole number, known before compilation; got {value!r}."
            )
    if steps % every:
        raise PlugaxError(
            f"steps must be a multiple of every, so that the last state is stored; got "
            f"steps={steps} and every={every}. Try steps={steps - steps % every or every} or "
            "another every."
        )


def state_and_times(
    y0: PyTree, *, dt: Any, steps: int, every: int, t0: Any
) -> tuple[PyTree[Array], Array, Array]:
    """The state as arrays, dt, and the times t0 + n dt at which the steps start.

    Times have the real dtype of the state's most precise array.

    Errors: `PlugaxError` if `every` does not divide `steps`, or the state is not floating-point.
    """
    check_steps(steps, every)
    y0 = as_state(y0)
    dtype = time_dtype(y0)
    dt = jnp.asarray(dt, dtype)
    return y0, dt, jnp.asarray(t0, dtype) + dt * jnp.arange(steps).astype(dtype)


def check_real(y0: PyTree, integrators: str) -> None:
    """Raise `PlugaxError` if the state is complex, which these integrators cannot take."""
    if any(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(y0)):
        raise PlugaxError(
            f"{integrators} integrators take real states; got a complex one. Give real and "
            "imaginary part as two arrays. Explicit schemes for ordinary equations, such as 'rk4', "
            "also take complex states."
        )


def as_state(y0: PyTree) -> PyTree[Array]:
    """`y0` with arrays as leaves; raises `PlugaxError` if they are not floating-point."""
    if not jax.tree.leaves(y0):
        raise PlugaxError("The state y0 has no arrays in it; there is nothing to integrate.")
    return jax.tree_util.tree_map_with_path(_as_leaf, y0)


def _as_leaf(path: Any, leaf: Any) -> Array:
    dtype = jnp.result_type(leaf)
    if not jnp.issubdtype(dtype, jnp.inexact):
        where = jax.tree_util.keystr(path)
        raise PlugaxError(
            f"The state y0{where} must be floating-point; got {dtype}. Convert it: "
            f"y0{where}.astype(float)."
        )
    return jnp.asarray(leaf, dtype)  # naming the dtype makes that of a Python scalar strong


def time_dtype(state: PyTree[Array]) -> np.dtype:
    """The real dtype of the state's most precise array, which times also have."""
    dtypes = [jnp.finfo(leaf.dtype).dtype for leaf in jax.tree.leaves(state)]
    return max(dtypes, key=lambda dtype: jnp.finfo(dtype).bits)


def tendency(field: VectorField, t: Array, y: PyTree[Array]) -> PyTree[Array]:
    """f(t, y); raises `PlugaxError` if its structure, shapes or dtypes are not those of y."""
    change = field(t, y)
    if jax.tree.structure(change) != jax.tree.structure(y):
        raise PlugaxError(
            "field(t, y) must return a pytree of the structure of y, "
            f"{jax.tree.structure(y)}; got {jax.tree.structure(change)}."
        )
    return jax.tree_util.tree_map_with_path(_as_change, change, y)


def _as_change(path: Any, change: Any, y: Array) -> Array:
    weak = not hasattr(change, "dtype") or getattr(change, "weak_type", False)
    dtype = y.dtype if weak else change.dtype
    if jnp.shape(change) != y.shape or dtype != y.dtype:
        where = jax.tree_util.keystr(path)
        raise PlugaxError(
            f"field(t, y){where} must have the shape and dtype of y{where}, {y.dtype}{y.shape}; "
            f"got {dtype}{jnp.shape(change)}. Make the constants of the field in the dtype of y."
        )
    return jnp.asarray(change, dtype)
