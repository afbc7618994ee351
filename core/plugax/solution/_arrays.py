"""The array leaves of a pytree in one NumPy `.npz` file, named by path, without pickle.

Typed random keys are stored as their data, and the short floats of machine learning (bfloat16,
float8) as their bytes, since NumPy's format has neither. The structure is not stored: it
comes from the pytree into which the arrays are loaded, which the problem makes.
"""

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..errors import PlugaxError
from ._npz import replace_arrays


def save_arrays(path: str | os.PathLike, tree: PyTree) -> None:
    """Write the array leaves of `tree`."""
    replace_arrays(pathlib.Path(path), named_arrays(tree))


def load_arrays(path: str | os.PathLike, like: PyTree) -> PyTree:
    """The pytree `like` (arrays, or only their shapes) with its array leaves read from a file."""
    with np.load(path, allow_pickle=False) as stored:
        return tree_from({name: stored[name] for name in stored.files}, like, path)


def named_arrays(tree: PyTree) -> dict[str, np.ndarray]:
    """The array leaves of a pytree by path, as NumPy's; of random keys, their data."""
    return {name: _to_numpy(leaf) for name, leaf in _named_leaves(tree)}


def tree_from(arrays: Mapping[str, np.ndarray], like: PyTree, path: str | os.PathLike) -> PyTree:
    """The pytree `like` with its array leaves from what `named_arrays` made.

    Arguments:
        arrays: the arrays by path.
        like: the pytree, with arrays or only their shapes.
        path: the path of the file, for messages.

    Errors: `PlugaxError` if a leaf is missing, or has another shape or dtype than `like`.
    """
    names = {name for name, _ in _named_leaves(like)}
    if names != arrays.keys():
        missing, left = sorted(names - arrays.keys()), sorted(arrays.keys() - names)
        raise PlugaxError(
            f"{path} does not hold the arrays expected: missing {missing or '–'}, left over "
            f"{left or '–'}. Was it written by another problem, solver or version?"
        )

    def read(key_path: tuple, leaf: PyTree) -> PyTree:
        if not _is_array(leaf):
            return leaf
        return _from_numpy(arrays[_name(key_path)], leaf, f"{path}: {_name(key_path)}")

    return jax.tree_util.tree_map_with_path(read, like)


def _named_leaves(tree: PyTree) -> list[tuple[str, PyTree]]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return [(_name(path), leaf) for path, leaf in leaves if _is_array(leaf)]


def _name(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".") or "value"


def _is_array(leaf: PyTree) -> bool:
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct | np.ndarray)


def _is_key(leaf: PyTree) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _to_numpy(leaf: PyTree) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _from_numpy(array: np.ndarray, like: PyTree, where: str) -> PyTree:
    if _is_key(like):
        data = jax.eval_shape(jax.random.key_data, like)
        _check(array, data.shape, data.dtype, where)
        return jax.random.wrap_key_data(jnp.asarray(array), impl=_key_implementation(like))
    dtype = np.dtype(like.dtype)
    if dtype.kind == "V" and array.dtype == np.dtype(f"u{dtype.itemsize}"):
        array = array.view(dtype)
    _check(array, like.shape, dtype, where)
    return jnp.asarray(array)


def _key_implementation(like: PyTree) -> Any:
    return jax.random.key_impl(like if eqx.is_array(like) else jnp.empty((), like.dtype))


def _check(array: np.ndarray, shape: tuple, dtype: np.dtype, where: str) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise PlugaxError(
            f"{where} is {array.dtype}{list(array.shape)}, where {dtype}{list(shape)} is expected. "
            "Load it with the options and the precision (jax_enable_x64) it was saved with."
        )
