"""Draws of paths from their posterior: filter forwards, sample backwards.

    z_T ∼ filtered_T,    z_t | z_{t+1} = j ∼ filtered_t(i) A(i, j), normalised over i.

For every time and every j a z_t is drawn, and the path follows these choices from z_T backwards; so
it can be followed in parallel too.

Source: Chib 1996, doi 10.1016/0304-4076(95)01770-4.
"""

import functools

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ._filter import filter_states
from ._follow import follow


@functools.partial(jax.jit, static_argnames=("draws", "parallel"))
def sample_paths(
    key: PRNGKeyArray,
    initial: Float[Array, " states"],
    transition: Float[Array, "states states"],
    log_likelihoods: Float[Array, "times states"],
    draws: int = 1,
    *,
    parallel: bool = False,
) -> Int[Array, "draws times"]:
    """Independent draws from p(z | y).

    Arguments:
        key: the random key.
        initial: δ, the distribution of the first state.
        transition: A; each row is the distribution of the next state, given the state of the row.
        log_likelihoods: log b_t(j); 0 for all states if the observation is missing.
        draws: the number of paths.
        parallel: whether by associative scans, for accelerators; the draws of a key are the same,
            up to rounding of the probabilities.
    """
    filtered = filter_states(initial, transition, log_likelihoods, parallel=parallel).filtered
    last = jnp.log(filtered[-1])
    # [change, after, before]
    earlier = jnp.log(filtered[:-1, None, :]) + jnp.log(transition.T)[None]

    def draw(key: PRNGKeyArray) -> Array:
        last_key, earlier_key = jr.split(key)
        before = jr.categorical(earlier_key, earlier)
        return follow(jr.categorical(last_key, last), before, parallel=parallel)

    return jax.vmap(draw)(jr.split(key, draws))
