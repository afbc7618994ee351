"""Convolution of a batch, in a form that is quick on every device.

    y[o, h, w, n] = Σ_c Σ_i Σ_j k[o, c, i, j] x[c, h + i, w + j, n]

Arrays are (channels, height, width, examples): all examples of one pixel are contiguous, so every
shifted copy of the pictures consists of long contiguous pieces.

On a CPU the copies are stacked into a matrix, which one product with the kernel turns into y
("im2col"); within a compiled loop, XLA's own convolution there takes many times as long. The copies
are made along the width first and then along the height, so that the gradient adds up 2 k pieces
and not k². Elsewhere XLA's convolution calls the vendor's.

Source: K. Chellapilla, S. Puri and P. Simard, High Performance Convolutional Neural Networks for
Document Processing, Workshop on Frontiers in Handwriting Recognition (2006).
"""

import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float

_LAYOUT = ("CHWN", "OIHW", "CHWN")


def convolve(
    images: Float[Array, "channels height width examples"],
    kernel: Float[Array, "outputs channels rows columns"],
) -> Float[Array, "outputs fewer_rows fewer_columns examples"]:
    """The cross-correlation of pictures with a kernel, where the kernel is wholly inside them.

    Arguments:
        images: the pictures, examples last.
        kernel: the weights.

    Returns:
        pictures that are smaller by the size of the kernel less one.

    Laws: linear in the pictures and in the kernel; equal to `jax.lax.conv_general_dilated` with
    padding `"VALID"`.
    """
    return lax.platform_dependent(images, kernel, cpu=by_matrix_product, default=by_xla)


def by_matrix_product(
    images: Float[Array, "channels height width examples"],
    kernel: Float[Array, "outputs channels rows columns"],
) -> Float[Array, "outputs fewer_rows fewer_columns examples"]:
    """The convolution as the product of a matrix of weights and one of shifted copies."""
    outputs, _, rows, columns = kernel.shape
    height, width = images.shape[1] - rows + 1, images.shape[2] - columns + 1
    shifted = jnp.stack([images[:, :, j : j + width] for j in range(columns)])
    shifted = jnp.stack([shifted[:, :, i : i + height] for i in range(rows)])
    weights = kernel.transpose(0, 2, 3, 1).reshape(outputs, -1)
    return (weights @ shifted.reshape(weights.shape[1], -1)).reshape(outputs, height, width, -1)


def by_xla(
    images: Float[Array, "channels height width examples"],
    kernel: Float[Array, "outputs channels rows columns"],
) -> Float[Array, "outputs fewer_rows fewer_columns examples"]:
    """XLA's own convolution."""
    return lax.conv_general_dilated(images, kernel, (1, 1), "VALID", dimension_numbers=_LAYOUT)
