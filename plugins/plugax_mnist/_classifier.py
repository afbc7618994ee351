"""Models and their logits for a batch of pictures.

A model maps one picture, of the shape (1, 28, 28) that Equinox's convolutions need, to the logits
of its classes. An `AbstractClassifier` maps a whole batch instead, in whatever layout is quickest.
"""

import abc
import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray, PyTree


class AbstractClassifier(eqx.Module):
    """A model that takes a whole batch of pictures at once.

    Law: the logits of a picture do not depend on the others in the batch.
    """

    @abc.abstractmethod
    def __call__(self, images: Float[Array, "examples 28 28"]) -> Float[Array, "examples classes"]:
        """The logits of every picture."""


def logits_of(
    model: PyTree, images: Float[Array, "examples 28 28"], key: PRNGKeyArray | None = None
) -> Float[Array, "examples classes"]:
    """The logits of a batch by a model of either kind.

    Arguments:
        model: an `AbstractClassifier`, or a function of one picture.
        images: the pictures.
        key: random key of the model; a model of one picture that takes a `key` gets one for each
            picture. None if nothing should be random: dropout is then off.
    """
    if key is None:
        model = eqx.nn.inference_mode(model)
    if isinstance(model, AbstractClassifier):
        return model(images)
    pictures = images[:, None]
    if key is None or "key" not in inspect.signature(model).parameters:
        return jax.vmap(lambda picture: model(picture))(pictures)
    keys = jr.split(key, len(images))
    return jax.vmap(lambda picture, key: model(picture, key=key))(pictures, keys)


def dtype_of(model: PyTree) -> jnp.dtype:
    """The precision of a model's numbers."""
    return jnp.result_type(*jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array)))
