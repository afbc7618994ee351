"""Autoregression about a mean that switches with the state.

    y_t − μ(z_t) = Φ_1 [y_{t−1} − μ(z_{t−1})] + … + Φ_p [y_{t−p} − μ(z_{t−p})] + e_t,  e_t ∼ N(0, Σ)

The likelihood of y_t depends on z_t and on the p states before it, so the filter runs over their
K^(p+1) combinations. Only the mean switches: Φ and Σ are the same in all states.

Source: Hamilton 1989, doi 10.2307/1912559.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from plugax import PlugaxError, Table

from ._covariances import factor_of, inverse_factor, log_scale, shape_of
from ._emission import AbstractEmission, by_column
from ._expanded import combinations
from ._gaussian import LOG_2_PI, Standard, in_units, lag_table, lagged, standard_of
from ._start import near_centres

Unknowns = dict[str, Array]
# More combinations make matrices of a million numbers, or more.
MOST_COMBINATIONS = 1000


class LaggedRows(NamedTuple):
    """Standardised observations, those before them, and which rows are complete."""

    response: Float[Array, "sequences times columns"]
    before: Float[Array, "sequences times order columns"]
    complete: Bool[Array, "sequences times"]


class SwitchingMean(AbstractEmission):
    """Hamilton's model of a mean that switches."""

    standard: Standard
    rows: LaggedRows
    states: int = eqx.field(static=True)
    order: int = eqx.field(static=True)
    memory: int = eqx.field(static=True)
    columns: tuple[str, ...] = eqx.field(static=True)

    def __init__(
        self,
        values: Float[np.ndarray, "sequences times columns"],
        columns: tuple[str, ...],
        states: int,
        order: int,
    ):
        if states ** (order + 1) > MOST_COMBINATIONS:
            raise PlugaxError(
                f"{states} states and order {order} make {states ** (order + 1)} combinations of "
                f"states, more than {MOST_COMBINATIONS}: choose fewer states or a smaller order, "
                "or the emission autoregressive, which needs no combinations."
            )
        self.states, self.order, self.memory, self.columns = states, order, order, columns
        self.standard = standard_of(values, columns)
        self.rows = self.rows_of(values)

    def rows_of(self, values: Float[np.ndarray, "sequences times columns"]) -> LaggedRows:
        """Standardised observations with those before them."""
        response, before, observed = lagged(values, self.standard, self.order)
        return LaggedRows(
            jnp.asarray(response, float),
            jnp.asarray(before, float),
            jnp.asarray(observed.all(axis=2)),
        )

    def start(self, key: PRNGKeyArray) -> Unknowns:
        """Means of rows near random centres, small random Φ, and the variance that remains."""
        centres_key, lags_key = jr.split(key)
        response, _, complete = self.rows
        size = len(self.columns)
        seen = jnp.broadcast_to(complete[..., None], response.shape)
        weights = near_centres(centres_key, response, seen, self.states)
        weights = weights * complete[..., None].astype(weights.dtype)
        total = jnp.sum(weights, axis=(0, 1))
        means = jnp.einsum("ntk,ntd->kd", weights, response) / total[:, None]
        unit = jnp.eye(size, dtype=response.dtype)[None] / self.states
        return {
            "means": means,
            "lags": 0.1 * jr.normal(lags_key, (self.order, size, size), response.dtype),
            "shape": shape_of("tied", unit),
        }

    def log_likelihoods(
        self, unknowns: Unknowns, rows: LaggedRows
    ) -> Float[Array, "sequences times combinations"]:
        """log N of the innovations, for every combination of states."""
        lags, means = unknowns["lags"], unknowns["means"]
        factor = factor_of("tied", unknowns["shape"], len(self.columns))
        inverse = inverse_factor(factor)[0]
        innovations = rows.response - jnp.einsum("pde,ntpe->ntd", lags, rows.before)
        own = combinations(self.states, self.memory)
        expected = means[own[:, 0]] - jnp.einsum("pde,spe->sd", lags, means[own[:, 1:]])
        white = innovations[:, :, None] - expected[None, None]
        white = jnp.einsum("ntsd,ed->ntse", white, inverse)
        units = jnp.sum(LOG_2_PI / 2 + jnp.log(self.standard.scale)) + log_scale(factor)[0]
        found = -jnp.sum(jnp.square(white), axis=3) / 2 - units
        return jnp.where(rows.complete[..., None], found, 0)

    def log_prior(self, unknowns: Unknowns) -> Float[Array, ""]:
        """0: there is none, since Σ is the same in all states and cannot collapse."""
        return jnp.zeros((), unknowns["means"].dtype)

    def maximise(
        self,
        unknowns: Unknowns,
        weights: Float[Array, "sequences times states"],
        rows: LaggedRows,
    ) -> Unknowns:
        """There is no such maximum in closed form."""
        raise NotImplementedError(self.no_maximum())

    def no_maximum(self) -> str | None:
        """Means and Φ enter as products."""
        return (
            "has no step for the emission switching-mean, whose means and coefficients enter as "
            "products: use 'bfgs'."
        )

    def position(self, unknowns: Unknowns) -> Float[Array, " states"]:
        """The mean of the first column."""
        return unknowns["means"][:, 0]

    def report(self, unknowns: Unknowns) -> dict[str, Float[Array, "..."]]:
        """`means`, and for all states the same: `standard_deviations` and `lags`."""
        scale = self.standard.scale
        ratio = scale[:, None] / scale[None]
        factor = factor_of("tied", unknowns["shape"], len(self.columns))[0] * scale[:, None]
        deviations = jnp.sqrt(jnp.sum(jnp.square(factor), axis=1))
        shared = {
            "standard_deviations": deviations[None],
            "lags": (unknowns["lags"] * ratio[None])[None],
        }
        means = unknowns["means"] * scale[None] + self.standard.centre[None]
        again = lambda x: jnp.broadcast_to(x, (self.states, *x.shape[1:]))  # noqa: E731
        return {"means": means} | {name: again(value) for name, value in shared.items()}

    def shown(self, sequence: int) -> Float[np.ndarray, "times columns"]:
        """The observations in their units."""
        observed = np.asarray(self.rows.complete[sequence])[:, None]
        return in_units(self.rows.response[sequence], observed, self.standard)

    def state_columns(self, metrics: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Mean, and standard deviation of the innovations, of every column."""
        shown = by_column("mean", self.columns, metrics["means"])
        shown |= by_column("std. dev.", self.columns, metrics["standard_deviations"])
        return shown, ("means", "standard_deviations")

    def tables(self, metrics: Mapping[str, Any]) -> tuple[Table, ...]:
        """How every column depends on those before, which is the same in all states."""
        lags = np.asarray(metrics["lags"], float)[:1]
        shown = lag_table(lags, self.columns)
        rest = {head: column for head, column in shown.columns.items() if head != "state"}
        return (Table(rest, shown.metrics, "Autoregression, in all states"),)
