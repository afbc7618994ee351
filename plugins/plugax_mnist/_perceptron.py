"""Layers of sums: y = Wₙ σ(… σ(W₁ x + b₁) …) + bₙ, where σ(t) = max(t, 0)."""

import equinox as eqx
import jax
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ._classifier import AbstractClassifier

PIXELS, CLASSES = 28 * 28, 10


class Perceptron(AbstractClassifier):
    """A multi-layer perceptron; without hidden layers, multinomial logistic regression.

    Weights and biases start uniform in ±1/√n, n the inputs of their layer.

    Arguments:
        hidden: the number of units of each hidden layer, in order.
        key: draws the weights.
    """

    layers: tuple[eqx.nn.Linear, ...]

    def __init__(self, hidden: tuple[int, ...], key: PRNGKeyArray):
        sizes = (PIXELS, *hidden, CLASSES)
        keys = jr.split(key, len(sizes) - 1)
        self.layers = tuple(
            eqx.nn.Linear(inputs, outputs, key=key)
            for inputs, outputs, key in zip(sizes[:-1], sizes[1:], keys, strict=True)
        )

    def __call__(self, images: Float[Array, "examples 28 28"]) -> Float[Array, "examples classes"]:
        """The logits of every picture."""
        units = images.reshape(-1, PIXELS)
        for layer in self.layers[:-1]:
            units = jax.nn.relu(jax.vmap(layer)(units))
        return jax.vmap(self.layers[-1])(units)


def linear(key: PRNGKeyArray) -> Perceptron:
    """Multinomial logistic regression: 784 inputs, 10 classes."""
    return Perceptron((), key)


def mlp_300(key: PRNGKeyArray) -> Perceptron:
    """The perceptron 784-300-10, that of LeCun and others, 1998."""
    return Perceptron((300,), key)


def mlp(key: PRNGKeyArray) -> Perceptron:
    """The perceptron 784-512-512-10."""
    return Perceptron((512, 512), key)
