"""The effective number of particles; copies of one particle count as one."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._ensemble import Ensemble


def effective_size(states: Ensemble, weights: Float[Array, " members"]) -> Float[Array, ""]:
    """1 / Σ W², with the total weight W of all particles with the same state.

    Particles have the same state if all their numbers agree to half of the digits, so copies that
    differ only by rounding count as one. After a collapse all weights are equal, and 1 / Σ w² would
    not show it.

    Laws: from 1 to N; 1 / Σ w² if all states differ; it does not depend on the order of the
    particles; splitting a particle in two with half the weight changes nothing.

    Source: A. Kong, J. S. Liu and W. H. Wong, J. Am. Stat. Assoc. 89 (1994),
    doi 10.1080/01621459.1994.10476469, for 1 / Σ w².
    """
    grain = jnp.sqrt(jnp.finfo(states.dtype).eps) * jnp.max(jnp.abs(states), 0)
    # Sorting by a sum that differs between states puts copies next to each other.
    number = jnp.arange(states.shape[1]).astype(states.dtype)
    order = jnp.argsort(jnp.sum(states * jnp.cos(number)[None], 1))
    ordered = states[order]
    other = jnp.any(jnp.abs(jnp.diff(ordered, axis=0)) > grain[None], 1)
    group = jnp.concatenate([jnp.zeros(1, int), jnp.cumsum(other.astype(int))])
    together = jax.ops.segment_sum(weights[order], group, len(weights), indices_are_sorted=True)
    return 1 / jnp.sum(jnp.square(together))
