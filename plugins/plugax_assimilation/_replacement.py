"""Members that are no longer finite, replaced by copies of sound ones."""

from typing import Literal

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

NonFinite = Literal["stop", "replace"]


def sound(ensemble: Float[Array, "members numbers"]) -> Bool[Array, " members"]:
    """Which members are sound: those whose squared norm is finite.

    One whose square overflows would take the covariance, and with it all others, along.
    """
    return jnp.isfinite(jnp.sum(jnp.square(ensemble), 1))


def replaced(
    ensemble: Float[Array, "members numbers"], key: PRNGKeyArray
) -> tuple[Float[Array, "members numbers"], Int[Array, ""]]:
    """The ensemble with a sound member, drawn at random, for every unsound one; their count.

    Where no member is sound the ensemble stays as it is, and the run ends.
    """
    members = len(ensemble)
    kept = sound(ensemble)
    count = jnp.sum(kept)
    drawn = jr.randint(key, (members,), 0, jnp.maximum(count, 1))
    # The sound members' numbers come first in this order.
    source = jnp.argsort(~kept, stable=True)[drawn]
    return ensemble[jnp.where(kept, jnp.arange(members), source)], members - count
