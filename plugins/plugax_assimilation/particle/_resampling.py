"""Resampling of weighted particles: which ones are selected, and how often, as indices.

A particle of weight w is selected N w times on average, so means change only by sampling noise;
both methods have less of it than independent draws.
"""

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, Int, PRNGKeyArray


def systematic(key: PRNGKeyArray, weights: Float[Array, " particles"]) -> Int[Array, " particles"]:
    """One draw u for all: particle i is selected as often as a u + n falls into its part of [0, N).

    Law: ⌊N w⌋ or ⌊N w⌋ + 1 times.

    Source: G. Kitagawa, J. Comput. Graph. Stat. 5 (1996), doi 10.1080/10618600.1996.10474692.
    """
    count = len(weights)
    start = jr.uniform(key, (), weights.dtype)
    return _select_particles(weights, (jnp.arange(count, dtype=start.dtype) + start) / count)


def residual(key: PRNGKeyArray, weights: Float[Array, " particles"]) -> Int[Array, " particles"]:
    """⌊N w⌋ times for certain, and independent draws by the remainders of N w.

    Law: at least ⌊N w⌋ times.

    Source: J. S. Liu and R. Chen, J. Am. Stat. Assoc. 93 (1998),
    doi 10.1080/01621459.1998.10473765.
    """
    count = len(weights)
    whole = jnp.floor(count * weights)
    certain = jnp.cumsum(whole.astype(int))
    number = jnp.arange(count)
    left = count * weights - whole
    # If every N w is whole, nothing is drawn, but the remainders must still form a distribution.
    left = left + jnp.finfo(weights.dtype).tiny
    drawn = _select_particles(left / jnp.sum(left), jr.uniform(key, (count,), weights.dtype))
    sure = jnp.searchsorted(certain, number, side="right", method="sort")
    return jnp.where(number < certain[-1], jnp.minimum(sure, count - 1), drawn)


def _select_particles(
    weights: Float[Array, " particles"], levels: Float[Array, " draws"]
) -> Int[Array, " draws"]:
    """The particle that each level from 0 to 1 selects."""
    cumulated = jnp.cumsum(weights)
    # Rounding may leave the sum below the highest level.
    levels = levels * cumulated[-1]
    found = jnp.searchsorted(cumulated, levels, side="right", method="sort")
    return jnp.minimum(found, len(weights) - 1)
