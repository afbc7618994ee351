"""Members that are no longer finite, replaced by copies of sound ones."""

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Int, PRNGKeyArray

from ._ensemble import Ensemble


def replaced(ensemble: Ensemble, key: PRNGKeyArray) -> tuple[Ensemble, Int[Array, ""]]:
    """The ensemble with a sound member, drawn at random, for every unsound one; their count.

    A member is sound while its squared norm is finite, since one whose square overflows would take
    the covariance, and with it all others, along. Where no member is sound the ensemble stays as it
    is, and the run ends.
    """
    members = len(ensemble)
    sound = jnp.isfinite(jnp.sum(jnp.square(ensemble), 1))
    count = jnp.sum(sound)
    drawn = jr.randint(key, (members,), 0, jnp.maximum(count, 1))
    # The sound members' numbers come first in this order.
    source = jnp.argsort(~sound, stable=True)[drawn]
    return ensemble[jnp.where(sound, jnp.arange(members), source)], members - count
