"""Changes of single pixels: noise, and a square that is cut out."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ._check import check_number


class Noise(eqx.Module):
    """Add normal noise to every pixel, of mean zero and standard deviation σ.

    Arguments:
        deviation: σ, in the unit of the pixels.
    """

    deviation: float | int = eqx.field(static=True)

    def __check_init__(self):
        check_number("Noise", "deviation", self.deviation)

    def __call__(
        self, picture: Float[Array, "*channels height width"], key: PRNGKeyArray
    ) -> Float[Array, "*channels height width"]:
        """The picture with noise."""
        return picture + self.deviation * jr.normal(key, picture.shape, picture.dtype)


class Cutout(eqx.Module):
    """Set a square to zero; its centre is uniform in the picture, so part of it may lie outside.

    Arguments:
        pixels: the side of the square.

    Source: DeVries and Taylor 2017, doi 10.48550/arXiv.1708.04552.
    """

    pixels: int = eqx.field(static=True)

    def __check_init__(self):
        check_number("Cutout", "pixels", self.pixels, whole=True)

    def __call__(
        self, picture: Float[Array, "*channels height width"], key: PRNGKeyArray
    ) -> Float[Array, "*channels height width"]:
        """The picture with a hole."""
        sizes = jnp.asarray(picture.shape[-2:])
        top, left = jr.randint(key, (2,), 0, sizes) - self.pixels // 2
        rows, columns = (jnp.arange(size) for size in picture.shape[-2:])
        inside_rows = (rows >= top) & (rows < top + self.pixels)
        inside_columns = (columns >= left) & (columns < left + self.pixels)
        hole = inside_rows[:, None] & inside_columns[None]
        return jnp.where(hole, 0, picture)
