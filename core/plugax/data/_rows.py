"""Examples by their numbers, from arrays in memory, arrays in files, and tables.

A source is a pytree. Its leaves are arrays with examples along axis 0 (NumPy's, also memory-mapped,
zarr's, h5py's, or of any class with `shape`, `dtype` and such an index), or tables: objects with a
length that take an array of numbers as index and return a pytree of arrays.
"""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int, PyTree

from ..errors import PlugaxError


def as_source(source: PyTree) -> tuple[PyTree, int, PyTree[jax.ShapeDtypeStruct]]:
    """The source, the number of its examples, and shapes and dtypes of one.

    Errors: `PlugaxError` if a leaf is none of those above or holds no numbers, if the leaves differ
    in length, or there is no example.
    """
    if isinstance(source, Iterator):
        raise _no_index(source)
    source = jax.tree.map(lambda leaf: np.asarray(leaf) if _in_memory(leaf) else leaf, source)
    leaves = jax.tree_util.tree_leaves_with_path(source)
    if not leaves:
        raise PlugaxError("A stream needs at least one array to read from; got none.")
    sizes = {jax.tree_util.keystr(path) or "the array": _size(leaf) for path, leaf in leaves}
    if len({*sizes.values()}) > 1:
        listed = ", ".join(f"{name}: {size}" for name, size in sizes.items())
        raise PlugaxError(f"All arrays must have the same number of examples; got {listed}.")
    examples = next(iter(sizes.values()))
    if not 1 <= examples < 2**31:
        raise PlugaxError(f"A stream has from 1 to 2**31 - 1 examples; got {examples}.")
    return source, examples, jax.tree.map(_example, source)


def read_rows(source: PyTree, numbers: Int[np.ndarray, " n"], into: PyTree[np.ndarray]) -> None:
    """Write the examples of these numbers into arrays with their axis in front."""
    structure = jax.tree.structure(source)
    parts = structure.flatten_up_to(into)
    for leaf, part in zip(jax.tree.leaves(source), parts, strict=True):
        if isinstance(leaf, np.ndarray) and leaf.dtype == part.dtype and _plain(leaf):
            # "clip": the numbers are right, and with "raise" NumPy would copy once more.
            np.take(leaf, numbers, axis=0, out=part, mode="clip")
            continue
        if isinstance(leaf, np.ndarray):
            found = leaf[numbers]
        else:
            # Files are read from front to back, and h5py takes increasing numbers only.
            increasing, back = np.unique(numbers, return_inverse=True)
            found = jax.tree.map(lambda rows, back=back: rows[back], _index(leaf, increasing))
        jax.tree.map(_copy, part, found)


def _plain(array: np.ndarray) -> bool:
    """Whether NumPy takes rows without a copy of the whole array before."""
    return array.flags.c_contiguous and array.flags.aligned


def _copy(into: np.ndarray, rows: Any) -> None:
    into[...] = rows


def _in_memory(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.generic | float | int)


def _size(leaf: Any) -> int:
    shape = getattr(leaf, "shape", None)
    if shape is not None and hasattr(leaf, "dtype"):
        if not len(shape):
            raise PlugaxError("Every array needs a leading axis of examples; one is a scalar.")
        return int(shape[0])
    if hasattr(leaf, "__len__") and hasattr(leaf, "__getitem__") and not isinstance(leaf, str):
        return len(leaf)
    raise _no_index(leaf)


def _no_index(leaf: Any) -> PlugaxError:
    return PlugaxError(
        "A stream reads from arrays with a shape and a dtype, such as numpy.load(…, mmap_mode='r') "
        "gives, or from objects with a length that take an array of numbers as index; got "
        f"{leaf!r}. An iterable that has no index is for plugax.data.Iterated."
    )


def _example(leaf: Any) -> PyTree[jax.ShapeDtypeStruct]:
    if getattr(leaf, "shape", None) is not None and hasattr(leaf, "dtype"):
        return shape_of(leaf.shape[1:], leaf.dtype)
    try:
        rows = _index(leaf, np.zeros(1, np.int64))
    except Exception as error:
        raise PlugaxError(
            f"{type(leaf).__name__} has a length, but its examples cannot be read by an array of "
            f"numbers: {type(error).__name__}: {error}."
        ) from error
    return jax.tree.map(lambda row: shape_of(np.shape(row)[1:], np.asarray(row).dtype), rows)


def shape_of(shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
    """A shape and a dtype as JAX has them here.

    Errors: `PlugaxError` for text and objects.
    """
    if not (jnp.issubdtype(dtype, np.number) or jnp.issubdtype(dtype, np.bool_)):
        raise PlugaxError(
            f"Batches are arrays of numbers; got one of {dtype}. Turn text and objects into "
            "numbers before."
        )
    return jax.ShapeDtypeStruct(tuple(shape), jax.dtypes.canonicalize_dtype(dtype))


def _index(leaf: Any, numbers: Int[np.ndarray, " n"]) -> PyTree:
    """zarr's index for numbers of examples is `oindex`."""
    found = leaf.oindex[numbers] if hasattr(leaf, "oindex") else leaf[numbers]
    return jax.tree.map(np.asarray, found)
