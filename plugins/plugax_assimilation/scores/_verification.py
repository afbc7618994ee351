"""The metrics of a cycle: errors, spread, and the distance of forecast and observations."""

from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import Ensemble, ObservedEnsemble, as_unknowns, mean_and_anomalies
from ._diagnostics import Diagnostic, diagnose
from ._verified import verified_row, verified_truth

Keep = Literal["nothing", "mean", "members"]
Metrics = dict[str, Array]


def rmse(
    problem: AbstractStateSpace, state: Float[Array, " state"], cycle: Cycle
) -> Float[Array, ""]:
    """√(mean over the verified numbers of (x − truth)²), of a row at the time of a cycle."""
    here = verified_row(problem, state)
    return jnp.sqrt(jnp.mean(jnp.square(here - verified_truth(cycle).astype(here.dtype))))


def spread(problem: AbstractStateSpace, anomalies: Ensemble) -> Float[Array, ""]:
    """√(mean over the verified numbers of the ensemble's variance)."""
    variance = jnp.sum(jnp.square(anomalies), 0) / (len(anomalies) - 1)
    return jnp.sqrt(jnp.mean(verified_row(problem, variance)))


def expected_loss(seen: ObservedEnsemble) -> Float[Array, ""]:
    """½ tr (H P Hᵀ R⁻¹ + I), the mean of the loss if the ensemble's covariance is right."""
    variances = jnp.sum(jnp.square(seen.anomalies)) / (len(seen.anomalies) - 1)
    return (variances + seen.count.astype(variances.dtype)) / 2


def ensemble_metrics(
    problem: AbstractStateSpace,
    cycle: Cycle,
    *,
    prior: Ensemble,
    posterior: Ensemble,
    seen: ObservedEnsemble,
    keep: Keep,
    diagnostics: tuple[Diagnostic, ...] = (),
    residual: Float[Array, " observed"] | None = None,
) -> Metrics:
    """The metrics that every ensemble method has.

    `loss` is ½‖d‖² of the forecast's mean, `expected_loss` what its mean should be. Errors are left
    out if the truth is not known.

    Arguments:
        problem: the problem.
        cycle: the present cycle.
        prior: the forecast.
        posterior: the analysis, from which the next forecast starts.
        seen: the forecast in the space of the observations.
        keep: what of the analysis is stored in the history.
        diagnostics: the diagnostics that were asked for.
        residual: the innovation that remains after the analysis, needed if `seen` has more
            observations than the cycle.
    """
    before, prior_anomalies = mean_and_anomalies(prior)
    after, anomalies = mean_and_anomalies(posterior)
    metrics = {
        "loss": jnp.sum(jnp.square(seen.innovation)) / 2,
        "expected_loss": expected_loss(seen),
        "time": cycle.time,
        "spread": spread(problem, anomalies),
        "forecast_spread": spread(problem, prior_anomalies),
    }
    if cycle.truth is not None:
        metrics["analysis_rmse"] = rmse(problem, after, cycle)
        metrics["forecast_rmse"] = rmse(problem, before, cycle)
    metrics |= diagnose(
        problem,
        cycle,
        prior=prior,
        posterior=posterior,
        seen=seen,
        residual=residual,
        wanted=diagnostics,
    )
    metrics |= problem.diagnose(as_unknowns(problem, after))
    if keep != "nothing":
        metrics["analysis"] = after if keep == "mean" else posterior
    return metrics
