"""Comparison of pytrees: to the bit, or to rounding."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

# Half of the sixteen digits: rounding costs a few and cancellation some more, but never half of
# them in a problem worth solving; a real difference shows in the first digits.
ROUNDING = float(np.sqrt(np.finfo(np.float64).eps))


def difference(one: PyTree, other: PyTree, *, tolerance: float | None = None) -> str | None:
    """Where two pytrees differ, in words; None if they do not.

    Arguments:
        one: a pytree.
        other: another pytree.
        tolerance: None to compare bits (NaN equals NaN); else the largest difference allowed
            between floats, as a fraction of the largest number in the two pytrees.
    """
    one_structure, other_structure = jax.tree.structure(one), jax.tree.structure(other)
    if one_structure != other_structure:
        return f"the structures {one_structure} and {other_structure}"
    scale = 0.0 if tolerance is None else max(_largest(one), _largest(other))
    pairs = zip(jax.tree_util.tree_leaves_with_path(one), jax.tree.leaves(other), strict=True)
    for (path, a), b in pairs:
        found = _leaf_difference(a, b, tolerance, scale)
        if found:
            where = jax.tree_util.keystr(path)
            return f"{found} at {where}" if where else found
    return None


def shapes(tree: PyTree) -> PyTree:
    """The pytree with every array replaced by its dtype and shape as text."""

    def one(leaf: Any) -> Any:
        if eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct | np.ndarray | np.generic):
            return f"{leaf.dtype}{list(leaf.shape)}"
        return leaf

    return jax.tree.map(one, tree)


def _leaf_difference(a: Any, b: Any, tolerance: float | None, scale: float) -> str | None:
    if not _is_array(a) or not _is_array(b):
        return None if a is b or (type(a) is type(b) and a == b) else f"{a!r} and {b!r}"
    a, b = _numpy(a), _numpy(b)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return f"{shapes(a)} and {shapes(b)}"
    inexact = np.issubdtype(a.dtype, np.inexact)
    if tolerance is None or not inexact:
        if np.array_equal(a, b, equal_nan=inexact):
            return None
    elif np.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True):
        return None
    first = np.flatnonzero(~np.isclose(a, b, rtol=0, atol=(tolerance or 0) * scale).ravel())
    index = first[0] if first.size else 0
    return f"{a.ravel()[index]!r} and {b.ravel()[index]!r}"


def _largest(tree: PyTree) -> float:
    floats = [_numpy(leaf) for leaf in jax.tree.leaves(tree) if eqx.is_inexact_array_like(leaf)]
    finite = [np.abs(leaf[np.isfinite(leaf)]) for leaf in map(np.asarray, floats)]
    return max((float(leaf.max(initial=0)) for leaf in finite), default=0.0)


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic)


def _numpy(leaf: Any) -> np.ndarray:
    """The leaf in a form that NumPy can compare: keys as integers, short floats as float32."""
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    array = np.asarray(leaf)
    return array.astype(np.float32) if array.dtype.kind == "V" else array
