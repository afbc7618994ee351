"""Diagnostics of weighted particles.

Ranks are left out: with unequal weights they are not equally likely, even if all is right. Degrees
of freedom for signal are left out, too, since they belong to a linear analysis.
"""

import typing
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import Ensemble, ObservedEnsemble
from ..linear_algebra._factor import Factor
from ..scores._diagnostics import check_diagnostics
from ..scores._ensemble_scores import weighted_crps
from ..scores._innovations import chi_squared, desroziers
from ..scores._verified import verified_ensemble, verified_truth

ParticleDiagnostic = Literal["crps", "innovations"]


def particle_diagnostics_of(
    value: tuple[ParticleDiagnostic, ...],
) -> tuple[ParticleDiagnostic, ...]:
    """The diagnostics that were asked for.

    Errors: `PlugaxError` for a name that is not a diagnostic of weighted particles.
    """
    check_particle_diagnostics(value)
    return tuple(value)


def check_particle_diagnostics(value: Any) -> None:
    """Raise `PlugaxError` unless `value` holds names of diagnostics of weighted particles."""
    check_diagnostics(value, typing.get_args(ParticleDiagnostic), of=" of weighted particles")


def diagnose_particles(
    problem: AbstractStateSpace,
    cycle: Cycle,
    *,
    states: Ensemble,
    misfits: Float[Array, "members observed"],
    count: Int[Array, ""],
    prior: Float[Array, " members"],
    posterior: Float[Array, " members"],
    wanted: tuple[ParticleDiagnostic, ...],
) -> dict[str, Array]:
    """The metrics of the diagnostics that were asked for; CRPS only if the truth is known.

    Law: if the weights are those of Bayes' rule and H is linear, the expectations of all three
    ratios of the innovations are 1, for any distribution.

    Arguments:
        problem: the problem.
        cycle: the present cycle.
        states: the particles.
        misfits: R^{-½} (y − H(x)) of each particle.
        count: how many observations there are.
        prior: the weights of the particles in the forecast.
        posterior: the weights of the particles in the analysis.
        wanted: the diagnostics.
    """
    metrics = {}
    if cycle.truth is not None and "crps" in wanted:
        truth = verified_truth(cycle).astype(states.dtype)
        here = verified_ensemble(problem, states)
        # Both scores use the same sorted particles.
        both = jax.vmap(weighted_crps, (None, 0, None))
        scores = both(here, jnp.stack([posterior, prior]), truth)
        metrics["analysis_crps"], metrics["forecast_crps"] = scores
    if "innovations" in wanted:
        seen = _equal_weight_anomalies(misfits, prior, count)
        metrics["chi_squared"] = chi_squared(seen, Factor(seen.anomalies))
        observation, background = desroziers(seen, posterior @ misfits)
        metrics["desroziers_observation"] = observation
        metrics["desroziers_background"] = background
    return metrics


def _equal_weight_anomalies(
    misfits: Float[Array, "members observed"],
    weights: Float[Array, " members"],
    count: Int[Array, ""],
) -> ObservedEnsemble:
    """Anomalies of equal weight that have the particles' weighted covariance."""
    innovation = weights @ misfits
    scale = jnp.sqrt((len(weights) - 1) * weights)
    return ObservedEnsemble(scale[:, None] * (innovation[None] - misfits), innovation, count)
