"""The array leaves of a pytree in one NumPy `.npz` file, named by path, without pickle.

Three kinds of array have no NumPy format of their own and are stored as their bytes: typed random
keys, and the short floats of machine learning (bfloat16, float8). The structure is not stored: it
comes from the pytree into which the arrays are loaded, which the problem makes.
"""

import io
import os
import pathlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..errors import PlugaxError
from ._replace_file import replace_file
from ._series import as_bytes, zip_arrays


def save_arrays(path: str | os.PathLike, tree: PyTree) -> None:
    """Write the array leaves of `tree`."""
    with replace_file(pathlib.Path(path)) as file:
        file.write(array_bytes(tree))


def array_bytes(tree: PyTree) -> bytes:
    """The bytes that `save_arrays` writes."""
    return zip_arrays({name: _to_numpy(leaf) for name, leaf in _named_leaves(tree)})


def load_arrays(path: str | os.PathLike, like: PyTree) -> PyTree:
    """The pytree `like` (arrays, or only their shapes) with its array leaves read from a file."""
    return arrays_from(pathlib.Path(path).read_bytes(), like, path)


def arrays_from(content: bytes, like: PyTree, path: str | os.PathLike) -> PyTree:
    """The pytree `like` with its array leaves read from the bytes that `array_bytes` made.

    Arguments:
        content: the bytes of the file.
        like: the pytree, with arrays or only their shapes.
        path: the path of the file, for messages.

    Errors: `PlugaxError` if a leaf is missing, or has another shape or dtype than `like`.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        names = {name for name, _ in _named_leaves(like)}
        if names != set(stored.files):
            missing, left = sorted(names - {*stored}), sorted({*stored} - names)
            raise PlugaxError(
                f"{path} does not hold the arrays expected: missing {missing or '–'}, left over "
                f"{left or '–'}. Was it written by another problem, solver or version?"
            )

        def read(key_path: tuple, leaf: PyTree) -> PyTree:
            if not _is_array(leaf):
                return leaf
            return _from_numpy(stored[_name(key_path)], leaf, f"{path}: {_name(key_path)}")

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
    return as_bytes(np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf))


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
