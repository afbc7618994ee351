"""Neighbours on a ring of variables, as slices of two copies of it.

Two copies one after the other in memory, and shifted slices of them, are the form that XLA compiles
best: in reverse mode and under `vmap` quicker than padding, and far quicker than gathers.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float


def neighbours(x: Float[Array, " size"], *offsets: int) -> tuple[Float[Array, " size"], ...]:
    """For every offset k the ring shifted by it: the array whose element i is x[i + k]."""
    size = x.shape[0]
    turns = jnp.broadcast_to(x, (2, size)).reshape(-1)
    return tuple(turns[k % size : k % size + size] for k in offsets)
