"""Sequences of different lengths as arrays of one shape.

An example is a pair (values, length): values of shape (steps, features), or whole numbers of shape
(steps,) for tokens such as characters; only the first `length` steps are its own. All further ones
are padding, which no model of this package looks at.
"""

from collections.abc import Iterable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from plugax import PlugaxError, check_memory

Padded = tuple[Float[Array, "steps features"] | Int[Array, " steps"], Int[Array, ""]]
"""One example: values and length."""


def padded(
    sequences: Iterable[Any],
) -> tuple[Shaped[np.ndarray, "examples steps *features"], Int[np.ndarray, " examples"]]:
    """Values, filled up with zeros to the steps of the longest sequence, and lengths.

    Arguments:
        sequences: an array for each example, of shape (steps, features) or, for tokens, (steps,),
            the steps different from one example to the next.

    Errors: `PlugaxError` if there is no sequence, one is empty, or they differ in more than their
        steps.
    """
    arrays = [np.asarray(sequence) for sequence in sequences]
    if not arrays:
        raise PlugaxError("There is no sequence; give an array of shape (steps, features) or more.")
    tokens = arrays[0].ndim == 1
    for place, array in enumerate(arrays):
        if array.ndim != (1 if tokens else 2) or array.shape[1:] != arrays[0].shape[1:]:
            raise PlugaxError(
                "Every sequence needs the shape (steps, features), with the same features, or all "
                f"of them (steps,) for tokens; number 0 has the shape {arrays[0].shape}, number "
                f"{place} {array.shape}."
            )
        if not len(array):
            raise PlugaxError(f"Sequence number {place} has no step; leave it out.")
        if array.dtype.kind not in ("biu" if tokens else "biuf"):
            wanted = "whole numbers, for tokens" if tokens else "numbers"
            raise PlugaxError(
                f"Sequence number {place} holds {array.dtype}; sequences of shape "
                f"{array.shape} hold {wanted}."
            )
    lengths = np.asarray([len(array) for array in arrays], np.int32)
    shape = (len(arrays), int(lengths.max()), *arrays[0].shape[1:])
    dtype = np.dtype(np.int32) if tokens else np.result_type(np.float32, *arrays)
    check_memory(
        int(np.prod(shape)) * dtype.itemsize,
        f"{shape[0]} sequences, each filled up to the {shape[1]} steps of the longest",
    )
    values = np.zeros(shape, dtype)
    for row, array in zip(values, arrays, strict=True):
        row[: len(array)] = array
    return values, lengths


def valid_steps(steps: int, length: Int[Array, ""]) -> Bool[Array, " steps"]:
    """Which steps are an example's own."""
    return jnp.arange(steps, dtype=length.dtype) < length
