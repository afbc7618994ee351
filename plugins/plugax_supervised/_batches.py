"""The training part as data: minibatches, or all examples at every step."""

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from plugax import FullBatch, PlugaxError, Shuffled


def batches_of(examples: PyTree, batch_size: int | None) -> Shuffled | FullBatch:
    """Batches of so many examples, or of all if there are fewer; all in one order for None.

    Errors: `PlugaxError` if the number is not a whole number above 0.
    """
    if batch_size is None:
        return FullBatch(jax.tree.map(jnp.asarray, examples))
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise PlugaxError(
            "batch_size must be a whole number above 0, or None for all examples at every step; "
            f"got {batch_size!r}."
        )
    return Shuffled(examples, min(batch_size, len(jax.tree.leaves(examples)[0])))
