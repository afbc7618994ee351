"""The weights of a trained model as a safetensors file, which most frameworks read."""

import os
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from plugax import PlugaxError
from plugax.problems import from_named_arrays, named_arrays

NAME = "model"


def save_weights(unknowns: PyTree, path: str | os.PathLike) -> None:
    """Write all arrays of the unknowns by name, such as `model.layers.0.weight`.

    Arguments:
        unknowns: those of a solution, or any pytree of arrays.
        path: the file.

    Errors: `PlugaxError` if the library safetensors is not installed; `OSError` if the file cannot
    be written.
    """
    arrays = {name: np.asarray(array) for name, array in named_arrays(unknowns, NAME).items()}
    _library().save_file(arrays, os.fspath(path))


def load_weights(path: str | os.PathLike, like: PyTree) -> PyTree:
    """The pytree `like` with the weights in a file that `save_weights` wrote.

    Arguments:
        path: the file.
        like: a model of the same structure, whatever its weights.

    Errors: `PlugaxError` if the file's names, shapes or dtypes are others, or the library
    safetensors is not installed.
    """
    found = _library().load_file(os.fspath(path))
    wanted = named_arrays(like, NAME)
    for name in wanted.keys() ^ found.keys():
        where = "the model" if name in wanted else str(path)
        raise PlugaxError(f"{path} is of another model: only {where} has {name}.")
    for name, array in wanted.items():
        got = found[name]
        if got.shape != array.shape or got.dtype != array.dtype:
            raise PlugaxError(
                f"{path} is of another model: {name} is {got.dtype}{list(got.shape)} there; the "
                f"model has {array.dtype}{list(array.shape)}."
            )
    return from_named_arrays(like, {name: jnp.asarray(a) for name, a in found.items()}, NAME)


def _library() -> Any:
    try:
        import safetensors.numpy  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise PlugaxError(
            "Files of weights need the library safetensors: pip install 'plugax[export]'."
        ) from error
    return safetensors.numpy
