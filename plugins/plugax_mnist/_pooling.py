"""The largest value of every window, as the maximum of shifted copies.

XLA's windowed maximum on the CPU, and its gradient even more, visits every window one number after
the other. The maximum of whole shifted arrays, first along the rows and then along the columns, is
made of long runs, forward and backward; on other devices it fuses into one kernel.
"""

import functools

import jax.numpy as jnp
from jaxtyping import Array, Float


def max_pool(
    images: Float[Array, "channels height width examples"], size: int, stride: int
) -> Float[Array, "channels fewer_rows fewer_columns examples"]:
    """The maximum over square windows; what no window covers in full is left out.

    Where several values of a window are the largest, the gradient is shared among them.

    Arguments:
        images: the pictures, examples last.
        size: rows and columns of a window.
        stride: rows or columns from one window to the next.
    """
    return _along(_along(images, 2, size, stride), 1, size, stride)


def _along(images: Array, axis: int, size: int, stride: int) -> Array:
    """The maximum over windows along one axis."""
    windows = (images.shape[axis] - size) // stride + 1
    last = (windows - 1) * stride + 1
    before = (slice(None),) * axis
    shifted = [images[(*before, slice(i, i + last, stride))] for i in range(size)]
    return functools.reduce(jnp.maximum, shifted)
