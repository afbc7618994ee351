"""Neighbours on a ring of variables, by padding.

A padded copy and shifted slices compile to one pass over memory; `jnp.roll` and gathers do not.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float


def pad_ring(
    x: Float[Array, " size"], before: int, after: int
) -> Float[Array, " size+{before}+{after}"]:
    """The ring x with its last `before` values put before it and its first `after` behind it."""
    return jnp.concatenate([x[x.shape[0] - before :], x, x[:after]])
