"""Distributions as unconstrained numbers: the logarithms of their ratios to one probability.

    p_k = exp(u_k) / Σ_j exp(u_j),    u = 0 for one k, which is no unknown.

Every distribution without zeros has exactly one such u. For a transition matrix the probability of
staying is the one that others are compared with (Zucchini and MacDonald 2009, section 3.3.1,
doi 10.1201/9781420010893).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def log_distribution(ratios: Float[Array, "*rows ratios"]) -> Float[Array, "*rows ratios+1"]:
    """log p, with the first probability as the one that others are compared with."""
    zero = jnp.zeros((*ratios.shape[:-1], 1), ratios.dtype)
    return jax.nn.log_softmax(jnp.concatenate([zero, ratios], axis=-1), axis=-1)


def ratios_of(distribution: Float[Array, "*rows n"]) -> Float[Array, "*rows n-1"]:
    """u of distributions; zeros count as the smallest positive number."""
    logs = jnp.log(jnp.maximum(distribution, jnp.finfo(distribution.dtype).tiny))
    return logs[..., 1:] - logs[..., :1]


def log_transition(ratios: Float[Array, "states others"]) -> Float[Array, "states states"]:
    """log A, with the diagonal as the one that others in the row are compared with."""
    states = ratios.shape[0]
    places = _off_diagonal(states)
    full = jnp.zeros((states, states), ratios.dtype).at[places].set(jnp.ravel(ratios))
    return jax.nn.log_softmax(full, axis=1)


def transition_ratios(transition: Float[Array, "states states"]) -> Float[Array, "states others"]:
    """u of a transition matrix; zeros count as the smallest positive number."""
    states = transition.shape[0]
    logs = jnp.log(jnp.maximum(transition, jnp.finfo(transition.dtype).tiny))
    ratios = logs - jnp.diagonal(logs)[:, None]
    return ratios[_off_diagonal(states)].reshape(states, states - 1)


def stationary_distribution(
    transition: Float[Array, "states states"],
) -> Float[Array, " states"]:
    """The distribution δ that a step of the chain does not change: δ A = δ.

    Solves δ (I − A + U) = 1 with U a matrix of ones. It is unique if every state can be reached
    from some one state; otherwise the result is not finite.

    Source: Zucchini and MacDonald 2009, Hidden Markov Models for Time Series, exercise 8 (c) of
    chapter 1, doi 10.1201/9781420010893.
    """
    states = transition.shape[0]
    one = jnp.ones((), transition.dtype)
    matrix = jnp.eye(states, dtype=transition.dtype) - transition + one
    return jnp.linalg.solve(matrix.T, jnp.ones(states, transition.dtype))


def _off_diagonal(states: int) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(~np.eye(states, dtype=bool))
    return rows, columns
