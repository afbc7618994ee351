"""Random shifts, rotations, scalings and crops: affine maps of the plane of a picture.

The value of the result at q is that of the picture at

    p = A q + b

with positions from the centre of the picture, in pixels, rows downwards. Between pixels values are
interpolated bilinearly; outside the picture they are zero.
"""

import abc
import math
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ._check import check_number
from ._resample import resample


class Map(NamedTuple):
    """p = A q + b.

    Attributes:
        matrix: A.
        offset: b, rows and columns, in pixels.
    """

    matrix: Float[Array, "2 2"]
    offset: Float[Array, "2"]

    def after(self, first: "Map") -> "Map":
        """The map of a picture that `first` changes, and then this one: p = A₁ (A₂ q + b₂) + b₁."""
        # Sums, not products of matrices: those are of short floats on some devices.
        matrix = jnp.sum(first.matrix[:, :, None] * self.matrix[None], axis=1)
        offset = jnp.sum(first.matrix * self.offset[None], axis=1) + first.offset
        return Map(matrix, offset)


class AbstractAffine(eqx.Module):
    """An augmentation by a random affine map.

    Laws: with strength zero it is the identity, to the bit; several in a row are interpolated once.
    """

    @abc.abstractmethod
    def draw(self, key: PRNGKeyArray, shape: tuple[int, int], dtype: jnp.dtype) -> Map:
        """A random map.

        Arguments:
            key: draws it.
            shape: rows and columns of the picture.
            dtype: the precision of the map.
        """

    def __call__(
        self, picture: Float[Array, "*channels height width"], key: PRNGKeyArray
    ) -> Float[Array, "*channels height width"]:
        """The picture under a random map."""
        return transform((self,), picture, (key,))


def transform(
    affines: tuple[AbstractAffine, ...],
    picture: Float[Array, "*channels height width"],
    keys: tuple[PRNGKeyArray, ...],
) -> Float[Array, "*channels height width"]:
    """The picture under several random maps, one after the other, interpolated once.

    Arguments:
        affines: at least one.
        picture: the picture.
        keys: one for each.
    """
    # Positions in short floats would be off by parts of a pixel.
    dtype = picture.dtype if jnp.finfo(picture.dtype).bits >= 32 else jnp.dtype("float32")
    height, width = picture.shape[-2:]
    maps = [a.draw(k, (height, width), dtype) for a, k in zip(affines, keys, strict=True)]
    whole = maps[0]
    for later in maps[1:]:
        whole = later.after(whole)
    return resample(picture, whole.matrix, whole.offset)


class Shift(AbstractAffine):
    """Move the picture by whole pixels, rows and columns each uniform from −n to n.

    Arguments:
        pixels: n.
    """

    pixels: int = eqx.field(static=True)

    def __check_init__(self):
        check_number("Shift", "pixels", self.pixels, whole=True)

    def draw(self, key: PRNGKeyArray, shape: tuple[int, int], dtype: jnp.dtype) -> Map:  # noqa: ARG002
        """b = −s for a shift s."""
        shift = jr.randint(key, (2,), -self.pixels, self.pixels + 1)
        return Map(jnp.eye(2, dtype=dtype), -shift.astype(dtype))


class Rotate(AbstractAffine):
    """Turn the picture about its centre, by an angle that is uniform from −φ to φ.

    A positive angle turns anticlockwise, as `jnp.rot90` does.

    Arguments:
        degrees: φ, from 0 to 180.
    """

    degrees: float | int = eqx.field(static=True)

    def __check_init__(self):
        check_number("Rotate", "degrees", self.degrees, most=180)

    def draw(self, key: PRNGKeyArray, shape: tuple[int, int], dtype: jnp.dtype) -> Map:  # noqa: ARG002
        """A = ((cos φ, sin φ), (−sin φ, cos φ))."""
        angle = math.radians(self.degrees) * jr.uniform(key, (), dtype, minval=-1, maxval=1)
        cos, sin = jnp.cos(angle), jnp.sin(angle)
        return Map(jnp.stack([cos, sin, -sin, cos]).reshape(2, 2), jnp.zeros(2, dtype))


class Scale(AbstractAffine):
    """Enlarge the picture about its centre, by a factor that is uniform from 1 − f to 1 + f.

    Arguments:
        fraction: f, from 0 to below 1.
    """

    fraction: float | int = eqx.field(static=True)

    def __check_init__(self):
        check_number("Scale", "fraction", self.fraction, below=1)

    def draw(self, key: PRNGKeyArray, shape: tuple[int, int], dtype: jnp.dtype) -> Map:  # noqa: ARG002
        """A = I / s for a factor s."""
        factor = 1 + self.fraction * jr.uniform(key, (), dtype, minval=-1, maxval=1)
        return Map(jnp.eye(2, dtype=dtype) / factor, jnp.zeros(2, dtype))


class Crop(AbstractAffine):
    """Cut a window out of the picture and enlarge it to the picture's size.

    The sides of the window are those of the picture less a fraction that is uniform from 0 to f;
    its place is uniform among those inside the picture.

    Arguments:
        fraction: f, from 0 to below 1.
    """

    fraction: float | int = eqx.field(static=True)

    def __check_init__(self):
        check_number("Crop", "fraction", self.fraction, below=1)

    def draw(self, key: PRNGKeyArray, shape: tuple[int, int], dtype: jnp.dtype) -> Map:
        """A = s I, and b at most (1 − s) (n − 1) / 2 along a side of n pixels."""
        side, place = jr.split(key)
        cut = self.fraction * jr.uniform(side, (), dtype)
        reach = (jnp.asarray(shape, dtype) - 1) / 2
        offset = cut * reach * jr.uniform(place, (2,), dtype, minval=-1, maxval=1)
        return Map(jnp.eye(2, dtype=dtype) * (1 - cut), offset)
