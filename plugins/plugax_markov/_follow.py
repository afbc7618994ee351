"""From the last state backwards, by maps that say for every state which state was before it.

The composition of maps is associative, so that in parallel all paths backwards are found in
O(log T) steps.
"""

import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Int


def follow(
    last: Int[Array, ""], before: Int[Array, "changes states"], *, parallel: bool
) -> Int[Array, " times"]:
    """The states of all times.

    Arguments:
        last: the state at the last time.
        before: for every change, and every state after it, the state before it.
        parallel: whether by an associative scan.
    """
    if parallel:
        # What is combined in reverse has its arguments in the order of the scan: later maps first.
        composed = lax.associative_scan(
            lambda later, earlier: jnp.take_along_axis(earlier, later, axis=-1),
            before,
            reverse=True,
        )
        earlier = composed[:, last]
    else:

        def retreat(after: Array, choice: Array) -> tuple[Array, Array]:
            state = choice[after]
            return state, state

        _, earlier = lax.scan(retreat, last, before, reverse=True)
    return jnp.concatenate([earlier, last[None]])
