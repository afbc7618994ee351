"""Inflation and relaxation after an analysis, which keep the spread of an ensemble large enough.

Each of them changes only the anomalies, and is left out of the program if it is not used.
"""

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from .._ensemble import mean_and_anomalies

Anomalies = Float[Array, "members state"]


def relax_to_perturbations(
    analysis: Anomalies, prior: Anomalies, weight: Float[Array, ""]
) -> Anomalies:
    """RTPP: (1 − α) A + α A_f.

    Arguments:
        analysis: A, a row a member.
        prior: A_f.
        weight: α.

    Source: F. Zhang, C. Snyder and J. Sun, Mon. Wea. Rev. 132 (2004),
    doi 10.1175/1520-0493(2004)132<1238:IOIEAO>2.0.CO;2.
    """
    weight = weight.astype(analysis.dtype)
    return (1 - weight) * analysis + weight * prior


def relax_to_spread(analysis: Anomalies, prior: Anomalies, weight: Float[Array, ""]) -> Anomalies:
    """RTPS: A (1 + α (σ_f − σ) / σ), variable by variable, σ and σ_f the standard deviations.

    Arguments:
        analysis: A, a row a member.
        prior: A_f.
        weight: α.

    Law: the spread becomes (1 − α) σ + α σ_f.

    Source: J. S. Whitaker and T. M. Hamill, Mon. Wea. Rev. 140 (2012),
    doi 10.1175/MWR-D-11-00276.1.
    """
    stretch = spread_ratio(prior, analysis) - 1
    return analysis * (1 + weight.astype(analysis.dtype) * stretch)[None]


def spread_ratio(prior: Anomalies, analysis: Anomalies) -> Float[Array, " state"]:
    """σ_f / σ, variable by variable; 1 where there is no spread to stretch."""
    spread = jnp.sqrt(jnp.mean(jnp.square(analysis), 0))
    before = jnp.sqrt(jnp.mean(jnp.square(prior), 0))
    return jnp.where(spread > 0, before / jnp.where(spread > 0, spread, 1), 1)


def inflate(
    anomalies: Float[Array, "members columns"],
    noise_key: PRNGKeyArray,
    *,
    inflation: Float[Array, "*columns"],
    additive: Float[Array, ""] | None,
    weights: Float[Array, " state"] | None = None,
    numbers: int | None = None,
) -> Float[Array, "members columns"]:
    """Anomalies after inflation and additive noise.

    Arguments:
        anomalies: the anomalies, one row per member.
        noise_key: random key of the noise.
        inflation: λ, one for all columns or one for each.
        additive: standard deviation of the noise, or None.
        weights: the part of the noise that each column receives; None for all of it.
        numbers: how many columns, from the first on, receive noise; None for all.
    """
    anomalies = scale_anomalies(anomalies, inflation.astype(anomalies.dtype))
    if additive is not None:
        noise = jr.normal(noise_key, anomalies[:, :numbers].shape, anomalies.dtype)
        noise = additive.astype(noise.dtype) * mean_and_anomalies(noise)[1]
        noise = noise if weights is None else weights[None] * noise
        anomalies = anomalies.at[:, :numbers].add(noise)
    return anomalies


def inflation_at(
    weights: Float[Array, " columns"] | None, inflation: Float[Array, ""]
) -> Float[Array, "*columns"]:
    """1 + (λ − 1) ρ for every weight ρ; λ if there are no weights."""
    return inflation if weights is None else 1 + (inflation - 1) * weights


def scale_anomalies(
    anomalies: Float[Array, "members columns"], factor: Float[Array, "*columns"]
) -> Float[Array, "members columns"]:
    """Anomalies times one factor, or one for every column."""
    return (factor[None] if factor.ndim else factor) * anomalies
