"""LeNet-5, layer by layer as its authors describe it.

    32 × 32  →  C1, 5 × 5  →  28 × 28 × 6  →  S2, 2 × 2  →  14 × 14 × 6
             →  C3, 5 × 5  →  10 × 10 × 16 →  S4, 2 × 2  →   5 × 5 × 16
             →  C5, 120 units  →  F6, 84 units  →  10 logits

S2 and S4 average over their windows, times a weight and plus a bias of each map. S2, S4, C5 and F6
end with the activation A tanh(2 t / 3), A = 1.7159. The pictures stand in the middle of 32 × 32
pixels.

It departs from the paper in two points. Every map of C3 sees all maps of S2, where the paper leaves
some connections out to save time. The output layer is linear, for a cross-entropy, where the
paper's compares with drawn characters.

Source: LeCun, Bottou, Bengio and Haffner 1998, doi 10.1109/5.726791, section II B.
"""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ._classifier import AbstractClassifier
from ._convolution import convolve
from ._perceptron import CLASSES
from ._pooling import average_pool

MAPS, KERNEL, BORDER = (6, 16), 5, 2
UNITS = (16 * 5 * 5, 120, 84, CLASSES)


class LeNet5(AbstractClassifier):
    """The convolutional network of LeCun and others, 1998.

    Weights and biases start uniform in ±2.4 / n, n the inputs of one unit.

    Arguments:
        key: draws the weights.
    """

    kernels: tuple[Float[Array, "outputs channels rows columns"], ...]
    biases: tuple[Float[Array, " outputs"], ...]
    pool_weights: tuple[Float[Array, " outputs"], ...]
    pool_biases: tuple[Float[Array, " outputs"], ...]
    layers: tuple[eqx.nn.Linear, ...]

    def __init__(self, key: PRNGKeyArray):
        keys = iter(jr.split(key, 2 * len(MAPS) + len(UNITS) - 1))
        kernels, biases = [], []
        for inputs, outputs in zip((1, MAPS[0]), MAPS, strict=True):
            bound = 2.4 / (inputs * KERNEL**2)
            shape = (outputs, inputs, KERNEL, KERNEL)
            kernels.append(jr.uniform(next(keys), shape, minval=-bound, maxval=bound))
            biases.append(jr.uniform(next(keys), (outputs,), minval=-bound, maxval=bound))
        self.kernels, self.biases = tuple(kernels), tuple(biases)
        self.pool_weights = tuple(map(jnp.ones, MAPS))
        self.pool_biases = tuple(map(jnp.zeros, MAPS))
        self.layers = tuple(_layer(n, m, next(keys)) for n, m in itertools.pairwise(UNITS))

    def __call__(self, images: Float[Array, "examples 28 28"]) -> Float[Array, "examples classes"]:
        """The logits of every picture."""
        # The background of a normalised picture is not zero: the border repeats its edge.
        border = ((0, 0), (BORDER, BORDER), (BORDER, BORDER), (0, 0))
        features = jnp.pad(jnp.moveaxis(images, 0, -1)[None], border, mode="edge")
        for kernel, bias, weight, offset in zip(
            self.kernels, self.biases, self.pool_weights, self.pool_biases, strict=True
        ):
            pooled = average_pool(convolve(features, kernel)) + _wide(bias)
            features = _activation(_wide(weight) * pooled + _wide(offset))
        units = features.reshape(UNITS[0], -1).T
        for layer in self.layers[:-1]:
            units = _activation(jax.vmap(layer)(units))
        return jax.vmap(self.layers[-1])(units)


def _layer(inputs: int, outputs: int, key: PRNGKeyArray) -> eqx.nn.Linear:
    layer = eqx.nn.Linear(inputs, outputs, key=key)
    # Equinox starts within 1/√n.
    factor = 2.4 / inputs**0.5
    return jax.tree.map(lambda array: factor * array, layer)


def _activation(values: Array) -> Array:
    return 1.7159 * jnp.tanh(2 / 3 * values)


def _wide(values: Float[Array, " channels"]) -> Float[Array, "channels 1 1 1"]:
    return values[:, None, None, None]
