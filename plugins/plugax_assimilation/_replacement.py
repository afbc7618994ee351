"""Replacement of members that are no longer finite by copies of sound ones."""

from typing import Literal

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

NonFinite = Literal["stop", "replace"]


def is_sound(ensemble: Float[Array, "members numbers"]) -> Bool[Array, " members"]:
    """Which members are sound: those whose squared norm is finite.

    A member whose square overflows would spoil the covariance, and so all other members.
    """
    return jnp.isfinite(jnp.sum(jnp.square(ensemble), 1))


def replace_unsound(
    rows: PyTree[Float[Array, "members ..."]],
    key: PRNGKeyArray,
    kept: Bool[Array, " members"] | None = None,
) -> tuple[PyTree[Float[Array, "members ..."]], Int[Array, ""]]:
    """Replace the rows of each unsound member by those of a random sound one; count them, too.

    If no member is sound, the rows do not change, and the run ends.

    Arguments:
        rows: arrays whose first axis is the members.
        key: random key of the draws.
        kept: which members are sound; by default those whose row is sound.
    """
    kept = is_sound(rows) if kept is None else kept
    members, count = len(kept), jnp.sum(kept)
    drawn = jr.randint(key, (members,), 0, jnp.maximum(count, 1))
    # The sound members' numbers come first in this order.
    source = jnp.argsort(~kept, stable=True)[drawn]
    source = jnp.where(kept, jnp.arange(members), source)
    return jax.tree.map(lambda leaf: leaf[source], rows), members - count


def has_finite_observations(
    observed: Float[Array, "members observed"], available: Bool[Array, " observed"] | None
) -> Bool[Array, " members"]:
    """Which members have finite observations, wherever something was observed.

    Arguments:
        observed: H(x) of every member.
        available: which observations there are; None for all.
    """
    return is_sound(observed if available is None else jnp.where(available[None], observed, 0))
