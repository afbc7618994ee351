"""How many particles there are in effect, copies of one taken together."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._ensemble import Ensemble


def effective_size(states: Ensemble, weights: Float[Array, " members"]) -> Float[Array, ""]:
    """1 / Σ W², with W the weights of all particles of one state together.

    Particles are of one state if all their numbers agree to half of the digits: what came of copies
    by rounding alone is one still. After a collapse all weights are equal, and say nothing.

    Laws: from 1 to N; 1 / Σ w² where all states differ; it does not depend on the order of the
    particles; a particle that is split in two with half the weight changes nothing.

    Source: A. Kong, J. S. Liu and W. H. Wong, J. Am. Stat. Assoc. 89 (1994),
    doi 10.1080/01621459.1994.10476469, for 1 / Σ w².
    """
    grain = jnp.sqrt(jnp.finfo(states.dtype).eps) * jnp.max(jnp.abs(states), 0)
    # Copies lie beside each other in the order of a sum that others do not share.
    number = jnp.arange(states.shape[1]).astype(states.dtype)
    order = jnp.argsort(jnp.sum(states * jnp.cos(number)[None], 1))
    ordered = states[order]
    other = jnp.any(jnp.abs(jnp.diff(ordered, axis=0)) > grain[None], 1)
    group = jnp.concatenate([jnp.zeros(1, int), jnp.cumsum(other.astype(int))])
    together = jax.ops.segment_sum(weights[order], group, len(weights), indices_are_sorted=True)
    return 1 / jnp.sum(jnp.square(together))
