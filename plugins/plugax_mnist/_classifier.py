"""Models and their logits for a batch of pictures.

A model maps one picture, of the shape (1, 28, 28) that Equinox's convolutions need, to the logits
of its classes. An `AbstractClassifier` maps a whole batch instead, in whatever layout is quickest.
Both may have an `eqx.nn.State`.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax.problems import free_of
from plugax_supervised import inference, outputs_and_state


class AbstractClassifier(eqx.Module):
    """A model that takes a whole batch of pictures at once.

    Law: the logits of a picture do not depend on the others in the batch.
    """

    @abc.abstractmethod
    def __call__(self, images: Float[Array, "examples 28 28"]) -> Float[Array, "examples classes"]:
        """The logits of every picture."""


class AbstractStatefulClassifier(eqx.Module):
    """A model that takes a whole batch of pictures at once, and has a state.

    It is made with its state by `eqx.nn.make_with_state`.

    Law: in inference mode (`eqx.nn.inference_mode`) the logits of a picture do not depend on the
    others in the batch, and the state stays as it is.
    """

    @abc.abstractmethod
    def __call__(
        self, images: Float[Array, "examples 28 28"], state: eqx.nn.State
    ) -> tuple[Float[Array, "examples classes"], eqx.nn.State]:
        """The logits of every picture, and the next state."""


def logits_and_state(
    unknowns: PyTree, images: Float[Array, "examples 28 28"], key: PRNGKeyArray
) -> tuple[Float[Array, "examples classes"], PyTree]:
    """The logits of a batch in training, by a model of any kind, and its next state.

    Arguments:
        unknowns: the model, a `Stateful` if it has a state.
        images: the pictures.
        key: random key of the model; a model of one picture that takes a `key` gets one for each
            picture.

    Returns:
        the logits, and the next state, None without one.
    """
    model = free_of(unknowns)
    if isinstance(model, AbstractClassifier):
        return model(images), None
    if isinstance(model, AbstractStatefulClassifier):
        return model(images, unknowns.state)
    return outputs_and_state(unknowns, images[:, None], key)


def logits_of(
    unknowns: PyTree, images: Float[Array, "examples 28 28"]
) -> Float[Array, "examples classes"]:
    """The logits of a batch in evaluation: nothing is random, and statistics stay as they are."""
    model = free_of(unknowns)
    if isinstance(model, AbstractClassifier):
        return eqx.nn.inference_mode(model)(images)
    if isinstance(model, AbstractStatefulClassifier):
        return eqx.nn.inference_mode(model)(images, unknowns.state)[0]
    return inference(unknowns)(images[:, None])


def dtype_of(unknowns: PyTree) -> jnp.dtype:
    """The precision of a model's numbers."""
    model = free_of(unknowns)
    return jnp.result_type(*jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array)))
