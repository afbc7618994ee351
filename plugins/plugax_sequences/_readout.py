"""From the states of all steps to one vector: the last valid one, their mean, or their maximum."""

from typing import Literal

import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from plugax import PlugaxError

from ._padded import valid_steps

Readout = Literal["last", "mean", "max"]
READOUTS = ("last", "mean", "max")


def read_out(
    how: Readout, states: Float[Array, "steps units"], length: Int[Array, ""]
) -> Float[Array, " units"]:
    """The state of step `length` − 1, or the mean or maximum over the first `length` steps.

    Law: the states of padding have no effect.
    """
    if how == "last":
        return lax.dynamic_index_in_dim(states, length - 1, keepdims=False)
    valid = valid_steps(len(states), length)[:, None]
    if how == "mean":
        return jnp.sum(jnp.where(valid, states, 0), axis=0) / length.astype(states.dtype)
    return jnp.max(jnp.where(valid, states, -jnp.inf), axis=0)


def check_readout(how: str) -> None:
    """Raise for a name that does not exist."""
    if how not in READOUTS:
        raise PlugaxError(f"readout is one of {', '.join(READOUTS)}; got {how!r}.")
