"""The smoother: what all observations say about the state at t.

From the last time backwards (Kim's recursion), with the filter's distributions,

    ratio_{t+1}(j) = smoothed_{t+1}(j) / predicted_{t+1}(j),
    smoothed_t(i) = filtered_t(i) Σ_j A(i, j) ratio_{t+1}(j).

The pair of states at t and t+1 is (i, j) with probability filtered_t(i) A(i, j) ratio_{t+1}(j), so
the expected number of changes from i to j is A(i, j) (Σ_t filtered_tᵀ ratio_{t+1})(i, j).

Source: Kim 1994, doi 10.1016/0304-4076(94)90036-1.
"""

import functools
from typing import NamedTuple

import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ._filter import filter_states, scaled_products, step_matrices


class Smoothed(NamedTuple):
    """The states given all observations.

    Attributes:
        smoothed: p(z_t | y).
        transitions: the expected number of changes from the state of the row to that of the column.
        log_likelihood: log p(y).
    """

    smoothed: Float[Array, "times states"]
    transitions: Float[Array, "states states"]
    log_likelihood: Float[Array, ""]


@functools.partial(jax.jit, static_argnames="parallel")
def smooth_states(
    initial: Float[Array, " states"],
    transition: Float[Array, "states states"],
    log_likelihoods: Float[Array, "times states"],
    *,
    within: Bool[Array, " times"] | None = None,
    parallel: bool = False,
) -> Smoothed:
    """The smoother of one sequence.

    Arguments:
        initial: δ, the distribution of the first state.
        transition: A; each row is the distribution of the next state, given the state of the row.
        log_likelihoods: log b_t(j); 0 for all states if the observation is missing.
        within: false at the end for times after the sequence, which must have log b_t = 0; changes
            into them are not counted.
        parallel: whether by associative scans, for accelerators: equal up to rounding.

    Law: the smoothed distributions sum to 1; the expected changes sum to the number of times, less
    one.
    """
    forward = filter_states(initial, transition, log_likelihoods, parallel=parallel)
    if parallel:
        smoothed = _in_parallel(initial, transition, log_likelihoods, forward.filtered)
    else:
        smoothed = _one_by_one(transition, forward.filtered, forward.predicted)
    ratios = _ratio(smoothed[1:], forward.predicted[1:])
    if within is not None:
        ratios = jnp.where(within[1:, None], ratios, 0)
    return Smoothed(
        smoothed, transition * (forward.filtered[:-1].T @ ratios), jnp.sum(forward.increments)
    )


def _one_by_one(
    transition: Float[Array, "states states"],
    filtered: Float[Array, "times states"],
    predicted: Float[Array, "times states"],
) -> Float[Array, "times states"]:
    def retreat(after: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
        filtered, predicted_after = at
        smoothed = filtered * (transition @ _ratio(after, predicted_after))
        return smoothed, smoothed

    _, earlier = lax.scan(retreat, filtered[-1], (filtered[:-1], predicted[1:]), reverse=True)
    return jnp.concatenate([earlier, filtered[-1:]])


def _in_parallel(
    initial: Float[Array, " states"],
    transition: Float[Array, "states states"],
    log_likelihoods: Float[Array, "times states"],
    filtered: Float[Array, "times states"],
) -> Float[Array, "times states"]:
    matrices, scales = step_matrices(initial, transition, log_likelihoods)
    # The first of them is no part of any product: what follows z_t begins with the change to t+1.
    products, _ = scaled_products((matrices[1:], scales[1:]), reverse=True)
    backward = jnp.concatenate([jnp.sum(products, axis=2), jnp.ones_like(filtered[-1:])])
    both = filtered * backward
    total = jnp.sum(both, axis=1, keepdims=True)
    return both / jnp.where(total > 0, total, 1)


def _ratio(smoothed: Float[Array, "..."], predicted: Float[Array, "..."]) -> Float[Array, "..."]:
    """smoothed / predicted, and 0 for 0 / 0."""
    return jnp.where(predicted > 0, smoothed / jnp.where(predicted > 0, predicted, 1), 0)
