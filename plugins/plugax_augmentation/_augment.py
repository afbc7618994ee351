"""Augmentations one after the other, for every picture of a batch with a key of its own."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from plugax import PlugaxError

from ._affine import AbstractAffine, transform

Augmentation = Callable[[Any, PRNGKeyArray], Any]
"""A function `(picture, key) -> picture` that keeps the shape and the dtype."""


def augment(
    augmentations: Sequence[Augmentation],
    pictures: Shaped[Array, "examples ..."],
    key: PRNGKeyArray,
) -> Shaped[Array, "examples ..."]:
    """A batch in which every picture has been changed at random.

    Affine augmentations that follow each other are interpolated once.

    Arguments:
        augmentations: applied in this order.
        pictures: the batch.
        key: split into one for every picture.

    Errors: `PlugaxError` for what are no pictures of floating-point numbers.

    Law: a picture depends on its own key alone, the i-th of `jax.random.split(key, examples)`.
    """
    if augmentations and not (
        pictures.ndim in (3, 4) and jnp.issubdtype(pictures.dtype, jnp.floating)
    ):
        raise PlugaxError(
            "Augmentations are for pictures of floating-point numbers, shape (examples, height, "
            "width) or (examples, channels, height, width); got an array of shape "
            f"{pictures.shape} and {pictures.dtype}."
        )
    keys = jr.split(key, len(pictures))
    return jax.vmap(lambda picture, own: augment_one(augmentations, picture, own))(pictures, keys)


def augment_one(
    augmentations: Sequence[Augmentation], picture: Float[Array, "..."], key: PRNGKeyArray
) -> Float[Array, "..."]:
    """One picture, changed at random."""
    parts = zip(augmentations, jr.split(key, len(augmentations)), strict=True)
    for affine, group in itertools.groupby(parts, lambda part: isinstance(part[0], AbstractAffine)):
        functions, keys = zip(*group, strict=True)
        if affine:
            picture = transform(functions, picture, keys)
            continue
        for function, own in zip(functions, keys, strict=True):
            picture = function(picture, own)
    return picture
