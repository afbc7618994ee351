"""A picture at other positions: bilinear interpolation, zero outside."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def resample(
    picture: Float[Array, "*channels height width"],
    matrix: Float[Array, "2 2"],
    offset: Float[Array, "2"],
) -> Float[Array, "*channels height width"]:
    """The picture y(q) = x(A q + b), see `AbstractAffine`.

    Beyond its border the picture falls to zero within one pixel.

    Arguments:
        picture: x.
        matrix: A.
        offset: b, rows and columns, in pixels.

    Law: linear in the picture; equal to it, to the bit, for A = I and b = 0.
    """
    height, width = picture.shape[-2:]
    rows, columns = _from_centre(height, matrix.dtype)[:, None], _from_centre(width, matrix.dtype)
    columns = columns[None]
    u = matrix[0, 0] * rows + matrix[0, 1] * columns + offset[0] + (height - 1) / 2
    v = matrix[1, 0] * rows + matrix[1, 1] * columns + offset[1] + (width - 1) / 2
    # One row and column of zeros before the picture, and two after it, in place of conditions.
    u, v = jnp.clip(u, -1, height) + 1, jnp.clip(v, -1, width) + 1
    above, left = jnp.floor(u), jnp.floor(v)
    down, right = (u - above).astype(picture.dtype), (v - left).astype(picture.dtype)
    line = width + 3
    corner = above.astype("int32") * line + left.astype("int32")
    around = [(0, 0)] * (picture.ndim - 2) + [(1, 2), (1, 2)]
    flat = jnp.pad(picture, around).reshape(*picture.shape[:-2], -1)

    def neighbour(step: int) -> Float[Array, "*channels height width"]:
        return jnp.take(flat, corner + step, axis=-1, mode="clip")

    shape = (1,) * (picture.ndim - 2) + (height, width)
    down, right = down.reshape(shape), right.reshape(shape)
    upper = (1 - right) * neighbour(0) + right * neighbour(1)
    lower = (1 - right) * neighbour(line) + right * neighbour(line + 1)
    return (1 - down) * upper + down * lower


def _from_centre(size: int, dtype: jnp.dtype) -> Float[Array, " size"]:
    return jnp.arange(size, dtype=dtype) - (size - 1) / 2
