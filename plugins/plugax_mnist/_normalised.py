"""Four convolutions with batch normalisation, a small network.

    28 × 28  →  convolution 5 × 5  →  pooling 2 × 2  →  12 × 12 × 24
             →  convolution 3 × 3                    →  10 × 10 × 48
             →  convolution 3 × 3  →  pooling 2 × 2  →   4 × 4 × 64
             →  convolution 3 × 3                    →   2 × 2 × 96  →  10 logits

Every convolution, after its pooling, is followed by batch normalisation and max(t, 0). Plain
stacks of small convolutions like this one are enough for MNIST: An, Lee, Park, Yang and So 2020,
doi 10.48550/arXiv.2008.10400.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ._batch_norm import BatchNorm
from ._classifier import AbstractStatefulClassifier
from ._convolution import convolve
from ._perceptron import CLASSES
from ._pooling import max_pool

KERNELS, POOLS = (5, 3, 3, 3), (2, 1, 2, 1)
LEFT = 2


class NormalisedNetwork(AbstractStatefulClassifier):
    """A small convolutional network with batch normalisation.

    It is made with its state, by `eqx.nn.make_with_state(NormalisedNetwork)(key)`. The kernels
    start normal with variance 2 / n, n the inputs of one unit (He and others 2015, doi
    10.1109/ICCV.2015.123).

    Arguments:
        key: draws the weights.
        channels: the numbers of channels of the four convolutions.
    """

    kernels: tuple[Float[Array, "outputs channels rows columns"], ...]
    norms: tuple[BatchNorm, ...]
    last: eqx.nn.Linear

    def __init__(self, key: PRNGKeyArray, channels: tuple[int, int, int, int] = (24, 48, 64, 96)):
        last_key, *keys = jr.split(key, 1 + len(channels))
        kernels = []
        for inputs, outputs, size, own in zip(
            (1, *channels[:-1]), channels, KERNELS, keys, strict=True
        ):
            deviation = (2 / (inputs * size**2)) ** 0.5
            kernels.append(deviation * jr.normal(own, (outputs, inputs, size, size)))
        self.kernels = tuple(kernels)
        self.norms = tuple(map(BatchNorm, channels))
        self.last = eqx.nn.Linear(channels[-1] * LEFT**2, CLASSES, key=last_key)

    def __call__(
        self, images: Float[Array, "examples 28 28"], state: eqx.nn.State
    ) -> tuple[Float[Array, "examples classes"], eqx.nn.State]:
        """The logits of every picture, and the state after this batch."""
        features = jnp.moveaxis(images, 0, -1)[None]
        for kernel, norm, pool in zip(self.kernels, self.norms, POOLS, strict=True):
            features = convolve(features, kernel)
            if pool > 1:
                features = max_pool(features, size=pool, stride=pool)
            features, state = norm(features, state)
            features = jax.nn.relu(features)
        return jax.vmap(self.last, in_axes=-1)(features.reshape(-1, len(images))), state


def normalised(key: PRNGKeyArray) -> tuple[NormalisedNetwork, eqx.nn.State]:
    """The network and its state."""
    return eqx.nn.make_with_state(NormalisedNetwork)(key)
