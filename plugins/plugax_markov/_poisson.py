"""Poisson emissions: counts with a rate for every state and column, independent given the state.

    log p(y | z = k) = Σ_d [y_d log λ_kd − λ_kd − log y_d!]

Source: Zucchini and MacDonald 2009, Hidden Markov Models for Time Series,
doi 10.1201/9781420010893.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import jax.scipy.special as jss
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ._emission import AbstractEmission, by_column
from ._start import near_centres


class Counts(NamedTuple):
    """Counts, 0 if missing, and which there are."""

    counts: Float[Array, "sequences times columns"]
    observed: Bool[Array, "sequences times columns"]


class Poisson(AbstractEmission):
    """Counts; the unknowns are log λ."""

    rows: Counts
    states: int = eqx.field(static=True)
    columns: tuple[str, ...] = eqx.field(static=True)
    order: int = eqx.field(static=True)
    memory: int = eqx.field(static=True)

    def __init__(
        self,
        values: Float[np.ndarray, "sequences times columns"],
        columns: tuple[str, ...],
        states: int,
    ):
        self.states, self.columns, self.order, self.memory = states, columns, 0, 0
        self.rows = self.rows_of(values)

    def rows_of(self, values: Float[np.ndarray, "sequences times columns"]) -> Counts:
        """Counts, and which there are."""
        there = np.isfinite(values)
        return Counts(jnp.asarray(np.where(there, values, 0), float), jnp.asarray(there))

    def start(self, key: PRNGKeyArray) -> Float[Array, "states columns"]:
        """The mean counts of rows near random centres, in square roots, which vary alike."""
        counts, observed = self.rows
        weights = near_centres(key, jnp.sqrt(counts), observed, self.states)
        nothing = jnp.zeros((self.states, len(self.columns)), counts.dtype)
        return self.maximise(nothing, weights, self.rows)

    def log_likelihoods(
        self, unknowns: Float[Array, "states columns"], rows: Counts
    ) -> Float[Array, "sequences times states"]:
        """The sum over the columns that are observed."""
        observed = rows.observed.astype(unknowns.dtype)
        products = jnp.einsum("ntd,kd->ntk", observed * rows.counts, unknowns)
        rates = jnp.einsum("ntd,kd->ntk", observed, jnp.exp(unknowns))
        factorials = jnp.sum(observed * jss.gammaln(rows.counts + 1), axis=2)
        return products - rates - factorials[..., None]

    def log_prior(self, unknowns: Float[Array, "states columns"]) -> Float[Array, ""]:
        """0: there is none."""
        return jnp.zeros((), unknowns.dtype)

    def maximise(
        self,
        unknowns: Float[Array, "states columns"],
        weights: Float[Array, "sequences times states"],
        rows: Counts,
    ) -> Float[Array, "states columns"]:
        """The weighted means; a rate of 0 counts as the smallest positive number."""
        observed = rows.observed.astype(unknowns.dtype)
        total = jnp.einsum("ntk,ntd->kd", weights, observed)
        counts = jnp.einsum("ntk,ntd->kd", weights, observed * rows.counts)
        rates = counts / jnp.where(total > 0, total, 1)
        floor = jnp.finfo(rates.dtype).tiny
        return jnp.where(total > 0, jnp.log(jnp.maximum(rates, floor)), unknowns)

    def position(self, unknowns: Float[Array, "states columns"]) -> Float[Array, " states"]:
        """The rate of the first column."""
        return unknowns[:, 0]

    def report(self, unknowns: Float[Array, "states columns"]) -> dict[str, Float[Array, "..."]]:
        """`rates`."""
        return {"rates": jnp.exp(unknowns)}

    def shown(self, sequence: int) -> Float[np.ndarray, "times columns"]:
        """The observations in their units."""
        counts, observed = self.rows.counts[sequence], self.rows.observed[sequence]
        return np.where(np.asarray(observed), np.asarray(counts, float), np.nan)

    def state_columns(self, metrics: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The rate of every column."""
        return by_column("rate", self.columns, metrics["rates"]), ("rates",)
