"""The tables of a hidden Markov model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from plugax import Table

if TYPE_CHECKING:
    from ._hidden_markov_model import HiddenMarkovModel


def tables_of(problem: "HiddenMarkovModel", metrics: Mapping[str, Any]) -> tuple[Table, ...]:
    """The states, the transition matrix, and what the emission has besides.

    Arguments:
        problem: the model.
        metrics: the metrics of a solution.
    """
    numbers = range(1, problem.states + 1)
    emitted, names = problem.emission.state_columns(metrics)
    listed = lambda name: np.asarray(metrics[name], float).tolist()  # noqa: E731
    states = Table(
        {
            "state": list(numbers),
            **emitted,
            "share of rows": listed("shares"),
            "stationary": listed("stationary"),
            "first": listed("initial"),
            "mean duration": listed("durations"),
        },
        (*names, "shares", "stationary", "initial", "durations"),
        "States",
    )
    matrix = np.asarray(metrics["transition"], float)
    moves = Table(
        {"from state": list(numbers)} | {f"to {k}": matrix[:, k - 1].tolist() for k in numbers},
        ("transition",),
        "Transition probabilities",
    )
    return (states, moves, *problem.emission.tables(metrics))
