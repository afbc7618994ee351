"""Batch normalisation of a whole batch of pictures.

    y = γ (x − μ) / √(σ² + ε) + β

with mean μ and variance σ² of every channel: those of the batch in training; in inference their
exponential averages, Σ dᵏ μₖ / Σ dᵏ over the batches so far, the last one first.

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
        # Σ dᵏ μₖ and Σ dᵏ σₖ², and Σ dᵏ, all times 1 − d.
        self.averages = eqx.nn.StateIndex((jnp.zeros(channels), jnp.zeros(channels), jnp.zeros(())))
        self.inference = False

    def __call__(
        self, features: Float[Array, "channels height width examples"], state: eqx.nn.State
    ) -> tuple[Float[Array, "channels height width examples"], eqx.nn.State]:
        """The normalised features, and the state with the averages after this batch."""
        if self.inference:
            *sums, seen = state.get(self.averages)
            # Before the first batch there is nothing to normalise by.
            mean, variance = (total / jnp.where(seen > 0, seen, 1) for total in sums)
            variance = jnp.where(seen > 0, variance, 1)
        else:
            mean = jnp.mean(features, axis=(1, 2, 3))
            # In one pass over the features, of which there are many.
            variance = jnp.mean(jnp.square(features), axis=(1, 2, 3)) - jnp.square(mean)
            variance = jnp.maximum(variance, 0)
            new = mean, variance, jnp.ones_like(mean[0])
            after = (
                DECAY * old + (1 - DECAY) * lax.stop_gradient(value)
                for old, value in zip(state.get(self.averages), new, strict=True)
            )
            state = state.set(self.averages, tuple(after))
        factor = self.scale * lax.rsqrt(variance + EPSILON)
        wide = lambda values: values[:, None, None, None]  # noqa: E731
        return features * wide(factor) + wide(self.offset - mean * factor), state
