"""The forward filter: what the observations until t say about the state at t.

With the initial distribution δ, the transition matrix A and the likelihoods
b_t(j) = p(y_t | z_t = j),

    predicted_t(j) = Σ_i filtered_{t−1}(i) A(i, j),    predicted_1 = δ,
    c_t = Σ_j predicted_t(j) b_t(j) = p(y_t | y_1 … y_{t−1}),
    filtered_t(j) = predicted_t(j) b_t(j) / c_t,       log p(y) = Σ_t log c_t.

An observation that is missing has log b_t = 0 for every state, so a sequence may be made longer by
missing observations at its end, and its likelihood stays.

In parallel, the products A diag(b_1) … A diag(b_t) of all t are found by an associative scan, in
O(log T) steps one after the other, with K times the work. The largest number of every product is
kept apart as a logarithm.

Source: Rabiner 1989, doi 10.1109/5.18626; in parallel: Hassan, Särkkä and García-Fernández 2021,
doi 10.1109/TSP.2021.3103338.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float


class Filtered(NamedTuple):
    """The states given the observations so far.

    Attributes:
        filtered: p(z_t | y_1 … y_t).
        predicted: p(z_t | y_1 … y_{t−1}).
        increments: log p(y_t | y_1 … y_{t−1}); their sum is the log-likelihood.
    """

    filtered: Float[Array, "times states"]
    predicted: Float[Array, "times states"]
    increments: Float[Array, " times"]


@functools.partial(jax.jit, static_argnames="parallel")
def filter_states(
    initial: Float[Array, " states"],
    transition: Float[Array, "states states"],
    log_likelihoods: Float[Array, "times states"],
    *,
    parallel: bool = False,
) -> Filtered:
    """The filter of one sequence.

    Arguments:
        initial: δ, the distribution of the first state.
        transition: A; each row is the distribution of the next state, given the state of the row.
        log_likelihoods: log b_t(j); 0 for all states if the observation is missing.
        parallel: whether by an associative scan, for accelerators: equal up to rounding.

    Returns:
        distributions that sum to 1. If no path is possible, the increment is −∞ at the first such
        time.
    """
    if parallel:
        return _in_parallel(initial, transition, log_likelihoods)
    return filter_with(lambda filtered: filtered @ transition, initial, log_likelihoods)


@functools.partial(jax.jit, static_argnames="parallel")
def log_likelihood(
    initial: Float[Array, " states"],
    transition: Float[Array, "states states"],
    log_likelihoods: Float[Array, "times states"],
    *,
    parallel: bool = False,
) -> Float[Array, ""]:
    """log p(y), the sum over all paths of the states.

    Arguments:
        initial: δ, the distribution of the first state.
        transition: A; each row is the distribution of the next state, given the state of the row.
        log_likelihoods: log b_t(j); 0 for all states if the observation is missing.
        parallel: whether by an associative scan, for accelerators: equal up to rounding.
    """
    return jnp.sum(
        filter_states(initial, transition, log_likelihoods, parallel=parallel).increments
    )


def filter_with(
    predict: Callable[[Float[Array, " states"]], Float[Array, " states"]],
    initial: Float[Array, " states"],
    log_likelihoods: Float[Array, "times states"],
) -> Filtered:
    """The filter of one sequence, one time after the other.

    Arguments:
        predict: the distribution of the next state, from that of the present one.
        initial: δ.
        log_likelihoods: log b_t(j).
    """

    def advance(predicted: Array, log_b: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        # In logarithms: b may underflow in all states that are probable, and not in another.
        filtered, increment = _normalised(_log(predicted) + log_b)
        return predict(filtered), (filtered, predicted, increment)

    _, found = lax.scan(advance, initial, log_likelihoods)
    return Filtered(*found)


def _in_parallel(
    initial: Float[Array, " states"],
    transition: Float[Array, "states states"],
    log_likelihoods: Float[Array, "times states"],
) -> Filtered:
    sums, scales = scaled_products(step_matrices(initial, transition, log_likelihoods))
    # The first factor has equal rows, so all products have.
    filtered, log_sum = _normalised(_log(sums[:, 0, :]))
    totals = log_sum + scales
    increments = jnp.diff(totals, prepend=jnp.zeros_like(scales, shape=(1,)))
    increments = jnp.where(jnp.isfinite(totals), increments, -jnp.inf)
    predicted = jnp.concatenate([initial[None], filtered[:-1] @ transition])
    return Filtered(filtered, predicted, increments)


def step_matrices(
    initial: Float[Array, " states"],
    transition: Float[Array, "states states"],
    log_likelihoods: Float[Array, "times states"],
) -> tuple[Float[Array, "times states states"], Float[Array, " times"]]:
    """A diag(b_t), with δ in every row at the first time, as matrices and logs of their scales."""
    largest = _finite(jnp.max(log_likelihoods, axis=1))
    b = jnp.exp(log_likelihoods - largest[:, None])
    matrices = transition[None] * b[:, None, :]
    first = jnp.broadcast_to((initial * b[0])[None], transition.shape)
    return matrices.at[0].set(first), largest


def scaled_products(
    factors: tuple[Float[Array, "times states states"], Float[Array, " times"]],
    *,
    reverse: bool = False,
) -> tuple[Float[Array, "times states states"], Float[Array, " times"]]:
    """The products of the factors from the first to each, or from each to the last."""

    def combine(one: tuple[Array, Array], other: tuple[Array, Array]) -> tuple[Array, Array]:
        first, second = (other, one) if reverse else (one, other)
        # Written out, since XLA's product of many small matrices is slow on a CPU.
        product = jnp.sum(first[0][..., :, :, None] * second[0][..., None, :, :], axis=-2)
        largest = lax.stop_gradient(jnp.max(product, axis=(-2, -1)))
        largest = jnp.where(largest > 0, largest, 1)
        return product / largest[..., None, None], first[1] + second[1] + jnp.log(largest)

    return lax.associative_scan(combine, factors, reverse=reverse)


def _normalised(logs: Float[Array, "*times states"]) -> tuple[Array, Array]:
    """exp(logs) so that its sum is 1, and the logarithm of the sum; 0 and −∞ if all are −∞."""
    largest = _finite(jnp.max(logs, axis=-1))
    weights = jnp.exp(logs - largest[..., None])
    total = jnp.sum(weights, axis=-1)
    some = total > 0
    safe = jnp.where(some, total, 1)
    log_total = jnp.where(some, jnp.log(safe), -jnp.inf)
    return weights / safe[..., None], largest + log_total


def _log(values: Float[Array, "..."]) -> Float[Array, "..."]:
    """log, −∞ for 0, with a finite derivative there."""
    return jnp.where(values > 0, jnp.log(jnp.where(values > 0, values, 1)), -jnp.inf)


def _finite(largest: Float[Array, "..."]) -> Float[Array, "..."]:
    """A shift of logarithms: the largest, or 0 if that is −∞. It is no part of the derivative."""
    return lax.stop_gradient(jnp.where(jnp.isfinite(largest), largest, 0))
