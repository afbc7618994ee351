"""Figures of merit of a hidden Markov model, in the units of the data."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PyTree

from ._expanded import present
from ._simplex import stationary_distribution
from ._smoother import smooth_states

if TYPE_CHECKING:
    from ._hidden_markov_model import HiddenMarkovModel

# A state with less than this many rows explains nothing.
FEWEST_ROWS = 1.5
# A probability below this one has no influence on the digits of a likelihood.
NEGLIGIBLE = 1e-9


def order_of(problem: "HiddenMarkovModel", unknowns: PyTree) -> Int[Array, " states"]:
    """The states in the order in which they are reported."""
    return jnp.argsort(problem.emission.position(unknowns["emission"]))


def statistics_of(
    problem: "HiddenMarkovModel", unknowns: PyTree, held: int | Int[Array, ""]
) -> dict[str, Any]:
    """What `evaluate` reports.

    Arguments:
        problem: the model.
        unknowns: its unknowns.
        held: how many of them were not free.
    """
    batch = problem.data.first()
    first, moves, log_b = problem.expanded(unknowns, batch)
    found = jax.vmap(lambda log_b: smooth_states(first, moves, log_b, parallel=problem.parallel))(
        log_b
    )
    likelihood = jnp.sum(found.log_likelihood)
    shares = problem.shares(present(found.smoothed, problem.states), batch[1])
    chain, order = problem.chain(unknowns), order_of(problem, unknowns)
    count = sum(jnp.size(leaf) for leaf in jax.tree.leaves(unknowns)) - jnp.asarray(held)
    free = count.astype(likelihood.dtype)
    # Rows of which nothing is observed have the likelihood 1.
    rows = jnp.sum(jnp.any(log_b != 0, axis=2)).astype(likelihood.dtype)
    transition = chain.transition[order[:, None], order[None]]
    leave = 1 - jnp.diagonal(transition)
    report = problem.emission.report(unknowns["emission"])
    return {
        "log_likelihood": likelihood,
        "log_prior": problem.log_prior(unknowns),
        "parameters": count,
        "aic": 2 * free - 2 * likelihood,
        "bic": jnp.log(rows) * free - 2 * likelihood,
        "initial": chain.initial[order],
        "transition": transition,
        "stationary": stationary_distribution(transition),
        "durations": jnp.where(leave > 0, 1 / jnp.where(leave > 0, leave, 1), jnp.inf),
        "shares": shares[order],
        **{name: value[order] for name, value in report.items()},
    }


def remarks_of(problem: "HiddenMarkovModel", series: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """A state that has hardly a row, and a change that has no probability."""
    told = []
    shares = series.get("smallest_share", np.ones(1))
    rows = float(shares[-1]) * int(np.sum(np.asarray(problem.within))) if len(shares) else np.inf
    if problem.states > 1 and rows < FEWEST_ROWS:
        told.append(
            f"A state has {rows:.2g} rows: {problem.states} states may be too many, or this "
            "maximum is a poor one. Compare bic for fewer states, and try other seeds."
        )
    probabilities = series.get("smallest_probability", np.ones(1))
    if len(probabilities) and probabilities[-1] < NEGLIGIBLE:
        told.append(
            "A change of state has the probability 0, which is at the end of the range of its "
            "logarithm: minimisers may call this stalled, and baum-welch does not. With "
            "concentration=1.01 no probability is 0."
        )
    return tuple(told)
