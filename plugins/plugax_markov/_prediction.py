"""The states of rows, of the data or of others."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from ._expanded import present
from ._options import check_values
from ._sequences import sequences_of
from ._smoother import smooth_states
from ._statistics import order_of
from ._viterbi import viterbi

if TYPE_CHECKING:
    from plugax import Solution

    from ._hidden_markov_model import HiddenMarkovModel


class States(NamedTuple):
    """The states of the rows of a table.

    Attributes:
        path: the state of each row on the most probable path, from 1; 0 if the model says nothing
            about the row, since it is among the first that an autoregression starts from.
        probabilities: those of each state given all observations; NaN for such rows.
    """

    path: Int[np.ndarray, " rows"]
    probabilities: Float[np.ndarray, "rows states"]


def predict(problem: "HiddenMarkovModel", solution: "Solution", inputs: Any) -> States:
    """The states of the rows of the data, or of `inputs`."""
    unknowns = jax.tree.map(jnp.asarray, solution.unknowns)
    if inputs is None:
        rows = np.asarray(problem.table_rows)
        batch, count = problem.data.first(), _count(problem)
    else:
        emission = problem.emission
        sequences = sequences_of(
            inputs,
            emission.columns,
            problem.sequence,
            categorical=problem.kind == "categorical",
            categories=getattr(emission, "categories", None),
        )
        check_values(sequences, problem.kind, emission.order)
        rows = sequences.rows[:, emission.order :]
        within = jnp.asarray(sequences.within[:, emission.order :])
        batch, count = (emission.rows_of(sequences.values), within), sequences.table.rows
    path, probabilities = states_of(problem, unknowns, batch)
    there = rows >= 0
    states = States(np.zeros(count, int), np.full((count, problem.states), np.nan))
    states.path[rows[there]] = np.asarray(path)[there] + 1
    states.probabilities[rows[there]] = np.asarray(probabilities)[there]
    return states


def predict_table(
    problem: "HiddenMarkovModel", solution: "Solution", data: Any
) -> Mapping[str, Any]:
    """Columns `state` and `probability of state k`."""
    path, probabilities = predict(problem, solution, data)
    return {"state": path} | {
        f"probability of state {k + 1}": probabilities[:, k] for k in range(problem.states)
    }


@eqx.filter_jit
def states_of(
    problem: "HiddenMarkovModel", unknowns: PyTree, batch: tuple[PyTree, Bool[Array, "n t"]]
) -> tuple[Int[Array, "sequences times"], Float[Array, "sequences times states"]]:
    """The most probable paths, from 0, and the smoothed distributions, in the order of the report.

    Arguments:
        problem: the model.
        unknowns: its unknowns.
        batch: rows, and which times are within their sequence.
    """
    first, moves, log_b = problem.expanded(unknowns, batch)

    def one(log_b: Array, within: Array) -> tuple[Array, Array]:
        path, _ = viterbi(first, moves, log_b, within=within, parallel=problem.parallel)
        found = smooth_states(first, moves, log_b, parallel=problem.parallel)
        return path, found.smoothed

    path, smoothed = jax.vmap(one)(log_b, batch[1])
    order = order_of(problem, unknowns)
    path = path // problem.states**problem.emission.memory
    rank = jnp.argsort(order)
    return rank[path], present(smoothed, problem.states)[..., order]


def _count(problem: "HiddenMarkovModel") -> int:
    """The number of rows of the data, of which an autoregression has lost the first ones."""
    return int(np.max(np.asarray(problem.table_rows))) + 1
