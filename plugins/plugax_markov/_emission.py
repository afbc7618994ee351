"""What a hidden state emits: the interface of distributions of an observation given the state."""

import abc
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import Table


class AbstractEmission(eqx.Module):
    """p(y_t | z_t), perhaps with observations before t as explanatory variables.

    - `states`: the number of states K.
    - `order`: the number of observations before t that y_t depends on; so many are left out at the
      beginning of each sequence, and the likelihood is conditional on them.
    - `memory`: the number of states before z_t that y_t depends on: the likelihoods are those of
      the K^(memory + 1) combinations of z_t, z_{t−1} …, of which z_t is the most significant digit.
    - `columns`: the names of the observed columns.
    - `rows`: the observations, as `rows_of` made them.

    Its unknowns are free of constraints: logarithms, ratios, factors of covariances.
    """

    states: eqx.AbstractVar[int]
    order: eqx.AbstractVar[int]
    memory: eqx.AbstractVar[int]
    columns: eqx.AbstractVar[tuple[str, ...]]
    rows: eqx.AbstractVar[PyTree]

    @abc.abstractmethod
    def rows_of(self, values: Float[np.ndarray, "sequences times columns"]) -> PyTree:
        """Observations as this emission takes them, NaN if missing; `order` times fewer."""

    @abc.abstractmethod
    def start(self, key: PRNGKeyArray) -> PyTree:
        """Random unknowns to start from, of the size of the data."""

    @abc.abstractmethod
    def log_likelihoods(
        self, unknowns: PyTree, rows: PyTree
    ) -> Float[Array, "sequences times states"]:
        """log p(y_t | z_t), in the user's units; 0 if the observation is missing."""

    @abc.abstractmethod
    def log_prior(self, unknowns: PyTree) -> Float[Array, ""]:
        """log p(u), up to a constant."""

    @abc.abstractmethod
    def maximise(
        self, unknowns: PyTree, weights: Float[Array, "sequences times states"], rows: PyTree
    ) -> PyTree:
        """The unknowns that maximise Σ weights · log-likelihoods + log prior.

        A state whose weights are 0 keeps its unknowns.
        """

    def no_maximum(self) -> str | None:
        """Why `maximise` cannot be computed, for a sentence about a solver; None if it can."""
        return None

    @abc.abstractmethod
    def position(self, unknowns: PyTree) -> Float[Array, " states"]:
        """A number for every state, in whose order states are reported."""

    @abc.abstractmethod
    def report(self, unknowns: PyTree) -> dict[str, Float[Array, "..."]]:
        """The parameters by name, states along the first axis, in the user's units."""

    @abc.abstractmethod
    def shown(self, sequence: int) -> Float[np.ndarray, "times columns"]:
        """The observations of one sequence, in the user's units, for figures; NaN if missing."""

    @abc.abstractmethod
    def state_columns(self, metrics: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Columns of the table of states, and the names of the metrics in it."""

    def tables(self, metrics: Mapping[str, Any]) -> tuple[Table, ...]:  # noqa: ARG002
        """Further tables."""
        return ()


def by_column(what: str, columns: tuple[str, ...], values: Any) -> dict[str, list[float]]:
    """Columns of a table: a quantity of every state, for each column of the data."""
    numbers = np.asarray(values, float)
    return {f"{what} of {name}": numbers[:, place].tolist() for place, name in enumerate(columns)}
