"""The largest value or the mean of every window, from shifted copies.

On the CPU, XLA's windowed maximum, and even more so its gradient, visits every window number by
number. The maximum of whole shifted arrays, first along the rows and then along the columns, works
on long contiguous pieces, forward and backward; on other devices it fuses into one kernel.
"""

import functools

import jax.numpy as jnp
from jaxtyping import Array, Float


def max_pool(
    images: Float[Array, "channels height width examples"], size: int, stride: int
) -> Float[Array, "channels fewer_rows fewer_columns examples"]:
    """The maximum over square windows; rows and columns that fill no window are left out.

    If several values of a window are the largest, the gradient is shared among them.

    Arguments:
        images: the pictures, examples last.
        size: rows and columns of a window.
        stride: rows or columns from one window to the next.
    """
    return _along(_along(images, 2, size, stride), 1, size, stride)


def average_pool(
    images: Float[Array, "channels height width examples"],
) -> Float[Array, "channels half_height half_width examples"]:
    """The mean of every window of 2 × 2 pixels."""
    rows = images[:, ::2] + images[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) / 4


def _along(images: Array, axis: int, size: int, stride: int) -> Array:
    """The maximum over windows along one axis."""
    windows = (images.shape[axis] - size) // stride + 1
    last = (windows - 1) * stride + 1
    before = (slice(None),) * axis
    shifted = [images[(*before, slice(i, i + last, stride))] for i in range(size)]
    return functools.reduce(jnp.maximum, shifted)
