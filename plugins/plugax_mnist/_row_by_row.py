"""A picture read row by row: 28 steps of 28 pixels, the last state tells the class."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from plugax_sequences import Inputs, RecurrentNetwork

from ._classifier import AbstractClassifier
from ._perceptron import CLASSES


class RowByRow(AbstractClassifier):
    """An LSTM of 128 units.

    Arguments:
        key: draws the weights.
        width: the number of units.
    """

    network: RecurrentNetwork

    def __init__(self, key: PRNGKeyArray, width: int = 128):
        self.network = RecurrentNetwork(Inputs(28), CLASSES, key, width=width)

    def __call__(self, images: Float[Array, "examples 28 28"]) -> Float[Array, "examples classes"]:
        """The logits of every picture."""
        rows = jnp.asarray(images.shape[1], "int32")
        return jax.vmap(lambda picture: self.network((picture, rows)))(images)
