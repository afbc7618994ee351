"""Gaussian emissions, with or without the observations before as explanatory variables.

    y_t | z_t = k ∼ N(c_k + Φ_k1 y_{t−1} + … + Φ_kp y_{t−p}, Σ_k)

p = 0 is the usual Gaussian model with means c_k. Columns are standardised, so the unknowns have no
units; what is reported has.

The prior is as if every state had ν further observations with the variance s of all data, shrunk
by K^(2/D), and independent of white observations before them:

    log p = −ν/2 Σ_k [log det Σ_k + tr Σ_k⁻¹ (s I + Φ_k Φ_kᵀ)].

Without it, a state that keeps a single observation has an infinite likelihood.

Source: Hamilton 1990, doi 10.1016/0304-4076(90)90093-9; the prior's scale: Fraley and Raftery 2007,
doi 10.1007/s00357-007-0004-5.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from plugax import PlugaxError, Table

from ._covariances import factor_of, inverse_factor, log_scale, shape_of
from ._emission import AbstractEmission, by_column
from ._start import in_segments, near_centres

LOG_2_PI = math.log(2 * math.pi)
Unknowns = dict[str, Array]


class GaussianRows(NamedTuple):
    """Standardised observations, 0 if missing.

    Attributes:
        design: 1, and the observations before.
        response: the observations.
        observed: which of them there are; none of a row if one of those before it is missing.
        partial: rows of which only some columns are observed, counted through all sequences.
    """

    design: Float[Array, "sequences times terms"]
    response: Float[Array, "sequences times columns"]
    observed: Bool[Array, "sequences times columns"]
    partial: Int[Array, " partial"]


class Standard(NamedTuple):
    """The units of the data: (y − centre) / scale has mean 0 and variance 1."""

    centre: Float[Array, " columns"]
    scale: Float[Array, " columns"]


class Gaussian(AbstractEmission):
    """Gaussian or autoregressive emissions."""

    standard: Standard
    rows: GaussianRows
    prior_weight: Float[Array, ""]
    states: int = eqx.field(static=True)
    order: int = eqx.field(static=True)
    covariance: str = eqx.field(static=True)
    columns: tuple[str, ...] = eqx.field(static=True)
    memory: int = eqx.field(static=True)

    def __init__(
        self,
        values: Float[np.ndarray, "sequences times columns"],
        columns: tuple[str, ...],
        states: int,
        order: int,
        covariance: str,
        prior_weight: Any,
    ):
        self.states, self.order, self.columns = states, order, columns
        self.covariance, self.memory = covariance, 0
        centre, scale = standard_of(values, columns)
        if covariance == "spherical":  # in the units of the data
            scale = jnp.broadcast_to(jnp.sqrt(jnp.mean(jnp.square(scale))), scale.shape)
        self.standard = Standard(centre, scale)
        self.prior_weight = jnp.asarray(prior_weight, float)
        self.rows = self.rows_of(values)

    def rows_of(self, values: Float[np.ndarray, "sequences times columns"]) -> GaussianRows:
        """Standardised observations with those before them."""
        response, before, observed = lagged(values, self.standard, self.order)
        terms = [np.ones((*response.shape[:2], 1)), *np.moveaxis(before, 2, 0)]
        some = observed.any(axis=2) & ~observed.all(axis=2)
        return GaussianRows(
            jnp.asarray(np.concatenate(terms, axis=2), float),
            jnp.asarray(response, float),
            jnp.asarray(observed),
            jnp.asarray(np.flatnonzero(some), "int32"),
        )

    @property
    def _variance(self) -> float:
        """s, with the variance of the standardised data 1."""
        return self.states ** (-2 / len(self.columns))

    def start(self, key: PRNGKeyArray) -> Unknowns:
        """The best parameters for rows near random centres, or in random segments of time."""
        response, size = self.rows.response, len(self.columns)
        weights = (
            in_segments(key, response, self.states)
            if self.order
            else near_centres(key, response, self.rows.observed, self.states)
        )
        terms = 1 + self.order * size
        unit = jnp.broadcast_to(jnp.eye(size, dtype=response.dtype), (self.states, size, size))
        wide = {
            "weights": jnp.zeros((self.states, size, terms), response.dtype),
            "shape": shape_of(self.covariance, unit[:1] if self.covariance == "tied" else unit),
        }
        if self.no_maximum() is None:
            return self.maximise(wide, weights, self.rows)
        # The moments of each column by itself are a start, although no maximum.
        means, _, _ = self._moments(wide, weights, self.rows)
        return wide | {"weights": means}

    def log_likelihoods(
        self, unknowns: Unknowns, rows: GaussianRows
    ) -> Float[Array, "sequences times states"]:
        """log N(y_t; c_k + Φ_k y_before, Σ_k) of the columns that are observed."""
        factor = factor_of(self.covariance, unknowns["shape"], len(self.columns))
        observed = rows.observed.astype(factor.dtype)
        units = LOG_2_PI / 2 + jnp.log(self.standard.scale)
        constant = jnp.sum(observed * units[None, None], axis=2)[..., None]
        weights = unknowns["weights"]
        if self.covariance in ("diagonal", "spherical"):
            deviations = jnp.diagonal(factor, axis1=1, axis2=2)
            away = _residuals(weights, rows) / deviations[None, None]
            each = jnp.square(away) / 2 + jnp.log(deviations)[None, None]
            return -jnp.sum(observed[:, :, None] * each, axis=3) - constant
        inverse = jnp.broadcast_to(inverse_factor(factor), (self.states, *factor.shape[1:]))
        white = jnp.einsum("ntd,ked->ntke", rows.response, inverse) - jnp.einsum(
            "ntq,keq->ntke", rows.design, inverse @ weights
        )
        found = -jnp.sum(jnp.square(white), axis=3) / 2 - log_scale(factor)[None, None]
        found = jnp.where(jnp.all(rows.observed, axis=2)[..., None], found, 0)
        if rows.partial.size:
            flat = found.reshape(-1, self.states)
            flat = flat.at[rows.partial].set(self._partly_observed(weights, factor, rows))
            found = flat.reshape(found.shape)
        return found - constant

    def _partly_observed(
        self,
        weights: Float[Array, "states columns terms"],
        factor: Float[Array, "states columns columns"],
        rows: GaussianRows,
    ) -> Float[Array, "partial states"]:
        """The likelihoods of rows of which only some columns are observed, without constants."""
        size = len(self.columns)
        there = rows.observed.reshape(-1, size)[rows.partial]
        both = (there[:, :, None] & there[:, None, :])[:, None]
        covariance = jnp.broadcast_to(
            (factor @ jnp.swapaxes(factor, 1, 2))[None], (there.shape[0], self.states, size, size)
        )
        # What is missing is made independent, with variance 1 and residual 0: it adds nothing.
        unit = jnp.eye(size, dtype=factor.dtype)[None, None]
        own = jnp.linalg.cholesky(jnp.where(both, covariance, unit))
        residuals = _residuals(weights, rows).reshape(-1, self.states, size)[rows.partial]
        away = jnp.where(there[:, None], residuals, 0)
        white = jsl.solve_triangular(own, away[..., None], lower=True)[..., 0]
        return -jnp.sum(jnp.square(white), axis=2) / 2 - log_scale(own)

    def log_prior(self, unknowns: Unknowns) -> Float[Array, ""]:
        """−ν/2 Σ_k [log det Σ_k + tr Σ_k⁻¹ (s I + Φ_k Φ_kᵀ)]."""
        factor = factor_of(self.covariance, unknowns["shape"], len(self.columns))
        factor = jnp.broadcast_to(factor, (self.states, *factor.shape[1:]))
        inverse = inverse_factor(factor)
        spread = self._variance * jnp.sum(jnp.square(inverse))
        spread = spread + jnp.sum(jnp.square(inverse @ unknowns["weights"][:, :, 1:]))
        return -self.prior_weight * (jnp.sum(log_scale(factor)) + spread / 2)

    def maximise(
        self,
        unknowns: Unknowns,
        weights: Float[Array, "sequences times states"],
        rows: GaussianRows,
    ) -> Unknowns:
        """Weighted least squares, and the covariance of its residuals."""
        means, count, scatter = self._moments(unknowns, weights, rows)
        lags = means[:, :, 1:]
        unit = jnp.eye(len(self.columns), dtype=means.dtype)[None]
        prior = self._variance * unit + lags @ jnp.swapaxes(lags, 1, 2)
        scatter = scatter + self.prior_weight * prior
        total = count + self.prior_weight
        alive = jnp.sum(total, axis=1) > 0
        if self.covariance == "tied":
            covariance = (jnp.sum(scatter, axis=0) / jnp.sum(total[:, 0]))[None]
            return {"weights": means, "shape": shape_of("tied", covariance)}
        safe = jnp.where(total > 0, total, 1)
        if self.covariance == "spherical":
            variance = jnp.trace(scatter, axis1=1, axis2=2) / jnp.sum(safe, axis=1)
            covariance = variance[:, None, None] * unit
        else:
            covariance = scatter / safe[:, :, None]
        covariance = jnp.where(alive[:, None, None], covariance, unit)
        shape = jnp.where(alive[:, None], shape_of(self.covariance, covariance), unknowns["shape"])
        return {"weights": means, "shape": shape}

    def _moments(
        self,
        unknowns: Unknowns,
        weights: Float[Array, "sequences times states"],
        rows: GaussianRows,
    ) -> tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]:
        """The best c and Φ, the weight of each column's rows, and the residuals' scatter."""
        size, terms = len(self.columns), rows.design.shape[-1]
        weight = weights.reshape(-1, self.states)
        response, design = rows.response.reshape(-1, size), rows.design.reshape(-1, terms)
        observed = rows.observed.reshape(-1, size).astype(weight.dtype)
        count = weight.T @ observed
        if self.order:
            counted = weight * observed[:, :1]
            ridge = jnp.ones(terms, weight.dtype).at[0].set(0) * self.prior_weight
            square = jnp.einsum("mk,mq,mr->kqr", counted, design, design) + jnp.diag(ridge)[None]
            mixed = jnp.einsum("mk,mq,md->kqd", counted, design, response)
            empty = (count[:, 0] == 0)[:, None, None]
            square = jnp.where(empty, jnp.eye(terms, dtype=weight.dtype)[None], square)
            found = jnp.swapaxes(jnp.linalg.solve(square, mixed), 1, 2)
            found = jnp.where(empty, unknowns["weights"], found)
        else:
            safe = jnp.where(count > 0, count, 1)
            means = (weight.T @ (observed * response)) / safe
            found = jnp.where(count > 0, means, unknowns["weights"][:, :, 0])[:, :, None]
        away = _residuals(found, rows).reshape(-1, self.states, size) * observed[:, None]
        if self.covariance in ("full", "tied"):
            scatter = jnp.einsum("mk,mkd,mke->kde", weight, away, away)
        else:
            squares = jnp.einsum("mk,mkd->kd", weight, jnp.square(away))
            scatter = squares[:, :, None] * jnp.eye(size, dtype=weight.dtype)[None]
        return found, count, scatter

    def no_maximum(self) -> str | None:
        """Rows of which only some columns are observed, if columns are correlated."""
        if self.covariance in ("full", "tied") and self.rows.partial.size:
            return (
                f"has no step for rows with some columns missing if the covariance is "
                f"{self.covariance}: use 'bfgs', or covariance='diagonal'."
            )
        return None

    def position(self, unknowns: Unknowns) -> Float[Array, " states"]:
        """The mean, or the constant, of the first column."""
        return unknowns["weights"][:, 0, 0]

    def report(self, unknowns: Unknowns) -> dict[str, Float[Array, "..."]]:
        """`means`, or `intercepts` and `lags`; `standard_deviations` and `covariances`."""
        size, scale = len(self.columns), self.standard.scale
        weights = unknowns["weights"]
        ratio = scale[:, None] / scale[None]
        lags = weights[:, :, 1:].reshape(self.states, size, self.order, size)
        lags = jnp.swapaxes(lags, 1, 2) * ratio[None, None]
        # y = m + s z for all observations, those before too.
        constant = weights[:, :, 0] * scale[None] + self.standard.centre[None]
        constant = constant - jnp.einsum("kpde,e->kd", lags, self.standard.centre)
        factor = factor_of(self.covariance, unknowns["shape"], size) * scale[None, :, None]
        covariance = jnp.broadcast_to(
            factor @ jnp.swapaxes(factor, 1, 2), (self.states, size, size)
        )
        deviations = jnp.sqrt(jnp.diagonal(covariance, axis1=1, axis2=2))
        found = {"intercepts": constant, "lags": lags} if self.order else {"means": constant}
        found["standard_deviations"] = deviations
        if size > 1 and self.covariance in ("full", "tied"):
            found["covariances"] = covariance
        return found

    def shown(self, sequence: int) -> Float[np.ndarray, "times columns"]:
        """The observations in their units."""
        observed = np.asarray(self.rows.observed[sequence])
        return in_units(self.rows.response[sequence], observed, self.standard)

    def state_columns(self, metrics: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Mean or constant, and standard deviation, of every column."""
        name, what = ("intercepts", "constant") if self.order else ("means", "mean")
        shown = by_column(what, self.columns, metrics[name])
        shown |= by_column("std. dev.", self.columns, metrics["standard_deviations"])
        return shown, (name, "standard_deviations")

    def tables(self, metrics: Mapping[str, Any]) -> tuple[Table, ...]:
        """How every column depends on those before."""
        if not self.order:
            return ()
        return (lag_table(np.asarray(metrics["lags"], float), self.columns),)


def lag_table(
    lags: Float[np.ndarray, "states order columns columns"], columns: tuple[str, ...]
) -> Table:
    """The coefficients Φ: a row for every state and column, a column for everything before."""
    places = [(state, place) for state in range(len(lags)) for place in range(len(columns))]
    shown: dict[str, Any] = {
        "state": [state + 1 for state, _ in places],
        "column": [columns[place] for _, place in places],
    }
    for lag in range(lags.shape[1]):
        for other, name in enumerate(columns):
            shown[f"{name}, {lag + 1} before"] = [
                float(lags[state, lag, place, other]) for state, place in places
            ]
    return Table(shown, ("lags",), "Autoregression")


def standard_of(
    values: Float[np.ndarray, "sequences times columns"], columns: tuple[str, ...]
) -> Standard:
    """Mean and standard deviation of every column.

    Errors: `PlugaxError` for a column that does not vary.
    """
    scale = np.nanstd(values, axis=(0, 1))
    for name, deviation in zip(columns, scale, strict=True):
        if not deviation > 0:
            raise PlugaxError(
                f"The column {name!r} has one value only, from which no states can be learnt; "
                "leave it out of columns."
            )
    return Standard(jnp.asarray(np.nanmean(values, axis=(0, 1)), float), jnp.asarray(scale, float))


def lagged(
    values: Float[np.ndarray, "sequences times columns"], standard: Standard, order: int
) -> tuple[
    Float[np.ndarray, "sequences later columns"],
    Float[np.ndarray, "sequences later order columns"],
    Bool[np.ndarray, "sequences later columns"],
]:
    """Standardised observations, those before them, and which there are; 0 if missing."""
    z = (values - np.asarray(standard.centre, float)) / np.asarray(standard.scale, float)
    count = z.shape[1]
    response = z[:, order:]
    before = [z[:, order - lag : count - lag] for lag in range(1, order + 1)]
    stacked = np.stack(before, axis=2) if before else np.zeros((*response.shape[:2], 0, z.shape[2]))
    observed = np.asarray(np.isfinite(response))
    if order:
        whole = observed.all(axis=2) & np.isfinite(stacked).all(axis=(2, 3))
        observed = np.broadcast_to(np.asarray(whole)[..., None], observed.shape)
    return (
        np.where(observed, response, 0),
        np.where(np.isfinite(stacked), stacked, 0),
        observed,
    )


def in_units(
    response: Float[Array, "times columns"],
    observed: Bool[np.ndarray, "times _"],
    standard: Standard,
) -> Float[np.ndarray, "times columns"]:
    """Standardised observations in the units of the data; NaN if missing."""
    scale, centre = np.asarray(standard.scale, float), np.asarray(standard.centre, float)
    return np.where(observed, np.asarray(response, float) * scale + centre, np.nan)


def _residuals(
    weights: Float[Array, "states columns terms"], rows: GaussianRows
) -> Float[Array, "sequences times states columns"]:
    return rows.response[:, :, None] - jnp.einsum("ntq,kdq->ntkd", rows.design, weights)
