"""Categorical emissions: a distribution for every state and column, independent given the state.

    log p(y | z = k) = Σ_d log P_d(k, y_d)

Source: Rabiner 1989, doi 10.1109/5.18626.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from plugax import Table

from ._emission import AbstractEmission
from ._simplex import log_distribution, ratios_of
from ._start import random_weights

# The spread of the ratios at the start.
SPREAD = 0.5


class Codes(NamedTuple):
    """Numbers of categories, 0 if missing, and which there are."""

    codes: Int[Array, "sequences times columns"]
    observed: Bool[Array, "sequences times columns"]


class Categorical(AbstractEmission):
    """Categories; the unknowns are the log-ratios to the first category, an array per column."""

    rows: Codes
    unit: Float[Array, ""]
    states: int = eqx.field(static=True)
    columns: tuple[str, ...] = eqx.field(static=True)
    categories: tuple[tuple[Any, ...], ...] = eqx.field(static=True)
    order: int = eqx.field(static=True)
    memory: int = eqx.field(static=True)

    def __init__(
        self,
        values: Float[np.ndarray, "sequences times columns"],
        columns: tuple[str, ...],
        categories: tuple[tuple[Any, ...], ...],
        states: int,
    ):
        self.states, self.columns, self.order, self.memory = states, columns, 0, 0
        self.categories = categories
        self.unit = jnp.ones((), float)  # in the precision of the unknowns
        self.rows = self.rows_of(values)

    def rows_of(self, values: Float[np.ndarray, "sequences times columns"]) -> Codes:
        """Numbers of categories, and which there are."""
        there = np.isfinite(values)
        return Codes(jnp.asarray(np.where(there, values, 0), "int32"), jnp.asarray(there))

    def start(self, key: PRNGKeyArray) -> tuple[Float[Array, "states ratios"], ...]:
        """The shares of categories if rows are given to states at random, and made to differ."""
        weights_key, *keys = jr.split(key, 1 + len(self.columns))
        shape = self.rows.codes.shape[:2]
        weights = random_weights(weights_key, shape, self.states, self.unit.dtype)
        nothing = tuple(
            jnp.zeros((self.states, len(known) - 1), self.unit.dtype) for known in self.categories
        )
        found = self.maximise(nothing, weights, self.rows)
        # A category may have no weight at all.
        return tuple(
            jnp.clip(u, -5, 5) + SPREAD * jr.normal(one, u.shape, u.dtype)
            for one, u in zip(keys, found, strict=True)
        )

    def log_likelihoods(
        self, unknowns: tuple[Float[Array, "states _"], ...], rows: Codes
    ) -> Float[Array, "sequences times states"]:
        """The sum over the columns that are observed."""
        total = jnp.zeros((*rows.codes.shape[:2], self.states), self.unit.dtype)
        for place, ratios in enumerate(unknowns):
            own = log_distribution(ratios).T[rows.codes[..., place]]
            total = total + jnp.where(rows.observed[..., place, None], own, 0)
        return total

    def log_prior(self, unknowns: tuple[Float[Array, "states _"], ...]) -> Float[Array, ""]:  # noqa: ARG002
        """0: there is none."""
        return jnp.zeros((), self.unit.dtype)

    def maximise(
        self,
        unknowns: tuple[Float[Array, "states _"], ...],
        weights: Float[Array, "sequences times states"],
        rows: Codes,
    ) -> tuple[Float[Array, "states _"], ...]:
        """The weighted shares of the categories."""
        found = []
        for place, (ratios, known) in enumerate(zip(unknowns, self.categories, strict=True)):
            own = jax.nn.one_hot(rows.codes[..., place], len(known), dtype=weights.dtype)
            own = own * rows.observed[..., place, None].astype(weights.dtype)
            counts = jnp.einsum("ntk,ntc->kc", weights, own)
            total = jnp.sum(counts, axis=1, keepdims=True)
            shares = counts / jnp.where(total > 0, total, 1)
            found.append(jnp.where(total > 0, ratios_of(shares), ratios))
        return tuple(found)

    def position(self, unknowns: tuple[Float[Array, "states _"], ...]) -> Float[Array, " states"]:
        """The expected number of the category of the first column."""
        shares = jnp.exp(log_distribution(unknowns[0]))
        return shares @ jnp.arange(shares.shape[1], dtype=shares.dtype)

    def report(
        self, unknowns: tuple[Float[Array, "states _"], ...]
    ) -> dict[str, Float[Array, "..."]]:
        """`probabilities of COLUMN`: a row for every state, a column for every category."""
        shares = [jnp.exp(log_distribution(ratios)) for ratios in unknowns]
        return {f"probabilities of {n}": p for n, p in zip(self.columns, shares, strict=True)}

    def shown(self, sequence: int) -> Float[np.ndarray, "times columns"]:
        """The observations in their units."""
        codes, observed = self.rows.codes[sequence], self.rows.observed[sequence]
        return np.where(np.asarray(observed), np.asarray(codes, float), np.nan)

    def state_columns(self, metrics: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:  # noqa: ARG002
        """None: every column has a table of its own."""
        return {}, ()

    def tables(self, metrics: Mapping[str, Any]) -> tuple[Table, ...]:
        """The probabilities of the categories of every column."""
        made = []
        for name, known in zip(self.columns, self.categories, strict=True):
            metric = f"probabilities of {name}"
            numbers = np.asarray(metrics[metric], float)
            shown: dict[str, Any] = {"state": list(range(1, self.states + 1))}
            shown |= {str(category): numbers[:, c].tolist() for c, category in enumerate(known)}
            made.append(Table(shown, (metric,), f"Probabilities of {name}"))
        return tuple(made)
