"""Batch normalisation of a whole batch of pictures.

    y = γ (x − μ) / √(σ² + ε) + β

with mean μ and variance σ² of every channel: those of the batch in training, exponential averages
of them in inference.

Source: Ioffe and Szegedy 2015, doi 10.48550/arXiv.1502.03167.
"""

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float

EPSILON = 1e-5
DECAY = 0.99
"""An average sees about 1 / (1 − d) batches."""


class BatchNorm(eqx.nn.StatefulLayer):
    """Normalise every channel; examples are the last axis, as in `convolve`.

    In inference, as `eqx.nn.inference_mode` sets it, an example does not depend on the others.

    Arguments:
        channels: how many there are.
    """

    scale: Float[Array, " channels"]
    offset: Float[Array, " channels"]
    averages: eqx.nn.StateIndex
    inference: bool

    def __init__(self, channels: int):
        self.scale, self.offset = jnp.ones(channels), jnp.zeros(channels)
        self.averages = eqx.nn.StateIndex((jnp.zeros(channels), jnp.ones(channels)))
        self.inference = False

    def __call__(
        self, features: Float[Array, "channels height width examples"], state: eqx.nn.State
    ) -> tuple[Float[Array, "channels height width examples"], eqx.nn.State]:
        """The normalised features, and the state with the averages after this batch."""
        mean, variance = state.get(self.averages)
        if not self.inference:
            before = mean, variance
            mean = jnp.mean(features, axis=(1, 2, 3))
            # In one pass over the features, of which there are many.
            variance = jnp.mean(jnp.square(features), axis=(1, 2, 3)) - jnp.square(mean)
            variance = jnp.maximum(variance, 0)
            after = tuple(
                DECAY * old + (1 - DECAY) * lax.stop_gradient(new)
                for old, new in zip(before, (mean, variance), strict=True)
            )
            state = state.set(self.averages, after)
        factor = self.scale * lax.rsqrt(variance + EPSILON)
        wide = lambda values: values[:, None, None, None]  # noqa: E731
        return features * wide(factor) + wide(self.offset - mean * factor), state
