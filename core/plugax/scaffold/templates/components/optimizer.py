"""The optimizer `NEW_name`: momentum of which only the direction counts."""

import equinox as eqx
import jax
import jax.numpy as jnp
from plugax import AbstractOptimizer


class NEW_class(AbstractOptimizer):
    """m ← β m + (1 − β) g, and the update is −η m / ‖m‖.

    Arguments:
        learning_rate: η, the length of every update.
        momentum: β, the part of the mean gradient that is kept, from 0 to below 1.

    Source: Cutkosky and Mehta 2020, arXiv 2002.03305.
    """

    # Arrays can be swept, and another value needs no new compilation.
    learning_rate: jax.Array = eqx.field(converter=jnp.asarray, default=0.05)
    momentum: jax.Array = eqx.field(converter=jnp.asarray, default=0.9)

    def init(self, params):
        return jax.tree.map(jnp.zeros_like, params)

    def update(self, grads, state, params, **extra):
        def mean_of(m, g):
            return m + (1 - self.momentum).astype(g.dtype) * (g - m)

        mean = jax.tree.map(mean_of, state, grads)
        squares = [jnp.sum(m**2).astype(self.learning_rate.dtype) for m in jax.tree.leaves(mean)]
        scale = self.learning_rate / jnp.sqrt(sum(squares) + 1e-30)  # zero stays zero
        return jax.tree.map(lambda m: -scale.astype(m.dtype) * m, mean), mean
