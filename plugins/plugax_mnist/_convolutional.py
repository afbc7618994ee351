"""Two convolutions, each with pooling, and one layer of sums: a small LeNet.

    28 × 28  →  convolution 5 × 5  →  pooling 2 × 2  →  12 × 12 × 16
             →  convolution 5 × 5  →  pooling 2 × 2  →   4 × 4 × 32  →  10 logits

Source: LeCun, Bottou, Bengio and Haffner 1998, doi 10.1109/5.726791, figure 2; pooling by the
maximum and σ(t) = max(t, 0) are of later date.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ._classifier import AbstractClassifier
from ._convolution import convolve
from ._perceptron import CLASSES
from ._pooling import max_pool

KERNEL, POOL, LEFT = 5, 2, 4


class ConvolutionalNetwork(AbstractClassifier):
    """A small convolutional network.

    Weights and biases start uniform in ±1/√n, n the inputs of one unit.

    Arguments:
        key: draws the weights.
        channels: the numbers of channels of the two convolutions.
    """

    kernels: tuple[Float[Array, "outputs channels rows columns"], ...]
    biases: tuple[Float[Array, " outputs"], ...]
    last: eqx.nn.Linear

    def __init__(self, key: PRNGKeyArray, channels: tuple[int, int] = (16, 32)):
        last_key, *keys = jr.split(key, 1 + len(channels))
        kernels, biases = [], []
        for inputs, outputs, layer_key in zip((1, *channels), channels, keys, strict=False):
            kernel_key, bias_key = jr.split(layer_key)
            bound = 1 / (inputs * KERNEL**2) ** 0.5
            shape = (outputs, inputs, KERNEL, KERNEL)
            kernels.append(jr.uniform(kernel_key, shape, minval=-bound, maxval=bound))
            biases.append(jr.uniform(bias_key, (outputs,), minval=-bound, maxval=bound))
        self.kernels, self.biases = tuple(kernels), tuple(biases)
        self.last = eqx.nn.Linear(channels[-1] * LEFT**2, CLASSES, key=last_key)

    def __call__(self, images: Float[Array, "examples 28 28"]) -> Float[Array, "examples classes"]:
        """The logits of every picture."""
        features = jnp.moveaxis(images, 0, -1)[None]
        for kernel, bias in zip(self.kernels, self.biases, strict=True):
            # The bias after pooling: the same sum, of a quarter of the numbers.
            pooled = max_pool(convolve(features, kernel), size=POOL, stride=POOL)
            features = jax.nn.relu(pooled + bias[:, None, None, None])
        return jax.vmap(self.last, in_axes=-1)(features.reshape(-1, len(images)))
