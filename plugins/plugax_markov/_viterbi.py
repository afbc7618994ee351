"""The most probable path of states, by dynamic programming.

    score_t(j) = max_i [score_{t−1}(i) + log A(i, j)] + log b_t(j),

and from the last time backwards, the i that gave the maximum. In parallel the scores are products
of matrices in which max and + take the places of + and ×.

Source: Viterbi 1967, doi 10.1109/TIT.1967.1054010; in parallel: Hassan, Särkkä and García-Fernández
2021, doi 10.1109/TSP.2021.3103338.
"""

import functools

import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ._follow import follow


@functools.partial(jax.jit, static_argnames="parallel")
def viterbi(
    initial: Float[Array, " states"],
    transition: Float[Array, "states states"],
    log_likelihoods: Float[Array, "times states"],
    *,
    within: Bool[Array, " times"] | None = None,
    parallel: bool = False,
) -> tuple[Int[Array, " times"], Float[Array, ""]]:
    """The path z that maximises log p(y, z), and this maximum.

    Arguments:
        initial: δ, the distribution of the first state.
        transition: A; each row is the distribution of the next state, given the state of the row.
        log_likelihoods: log b_t(j); 0 for all states if the observation is missing.
        within: false at the end for times after the sequence, which must have log b_t = 0; there
            the path stays in its last state.
        parallel: whether by associative scans, for accelerators: the path is the same unless two
            are equally probable up to rounding.
    """
    states = transition.shape[0]
    # No derivative is taken of a path, so logarithms of 0 may be what they are.
    moves, start = jnp.log(transition), jnp.log(initial) + log_likelihoods[0]
    identity = jnp.where(jnp.eye(states, dtype=bool), jnp.zeros_like(moves), -jnp.inf)
    inside = jnp.ones(log_likelihoods.shape[0], bool) if within is None else within

    def factor(inside: Array, log_b: Array) -> Array:
        return jnp.where(inside, moves + log_b[None], identity)

    if parallel:
        factors = jax.vmap(factor)(inside, log_likelihoods)
        factors = factors.at[0].set(jnp.broadcast_to(start[None], moves.shape))
        scores = lax.associative_scan(_max_plus, factors)[:, 0, :]
        arrivals = scores[:-1, :, None] + factors[1:]
        before = jnp.argmax(arrivals, axis=1)
        last = scores[-1]
    else:

        def advance(score: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
            arrivals = score[:, None] + factor(*at)
            return jnp.max(arrivals, axis=0), jnp.argmax(arrivals, axis=0)

        last, before = lax.scan(advance, start, (inside[1:], log_likelihoods[1:]))
    return follow(jnp.argmax(last), before, parallel=parallel), jnp.max(last)


def _max_plus(
    one: Float[Array, "*times states states"], other: Float[Array, "*times states states"]
) -> Float[Array, "*times states states"]:
    return jnp.max(one[..., :, :, None] + other[..., None, :, :], axis=-2)
