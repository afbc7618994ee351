"""What keeps an ensemble's spread where it should be: inflation and relaxation, after an analysis.

Every one of them changes anomalies only, and is left out of the program where it is not asked for.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

Anomalies = Float[Array, "members state"]


def relaxed_to_perturbations(
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


def relaxed_to_spread(analysis: Anomalies, prior: Anomalies, weight: Float[Array, ""]) -> Anomalies:
    """RTPS: A (1 + α (σ_f − σ) / σ), variable by variable, σ and σ_f the standard deviations.

    Arguments:
        analysis: A, a row a member.
        prior: A_f.
        weight: α.

    Law: the spread becomes (1 − α) σ + α σ_f.

    Source: J. S. Whitaker and T. M. Hamill, Mon. Wea. Rev. 140 (2012),
    doi 10.1175/MWR-D-11-00276.1.
    """
    spread = jnp.sqrt(jnp.mean(jnp.square(analysis), 0))
    before = jnp.sqrt(jnp.mean(jnp.square(prior), 0))
    # Where there is no spread there is nothing to stretch.
    stretch = jnp.where(spread > 0, (before - spread) / jnp.where(spread > 0, spread, 1), 0)
    return analysis * (1 + weight.astype(analysis.dtype) * stretch)[None]
