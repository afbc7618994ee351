"""Diagnostics on demand: their names, and the metrics that each adds."""

import typing
from typing import Any, Literal

from jaxtyping import Array, Float

from plugax import PlugaxError
from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import Ensemble, ObservedEnsemble, see
from ._ensemble_scores import crps, rank_histogram
from ._innovations import chi_squared, degrees_of_freedom_for_signal, desroziers
from ._verified import verified_ensemble, verified_truth

Diagnostic = Literal["crps", "rank-histogram", "innovations", "signal"]


def diagnostics_of(value: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """The diagnostics that were asked for.

    Errors: `PlugaxError` if there is no diagnostic of that name.
    """
    check_diagnostics(value)
    return tuple(value)


def check_diagnostics(
    value: Any, known: tuple[str, ...] = typing.get_args(Diagnostic), of: str = ""
) -> None:
    """Raise `PlugaxError` unless `value` holds names of known diagnostics."""
    if isinstance(value, str):
        raise PlugaxError(f"diagnostics must be a tuple of names; got {value!r} for ({value!r},).")
    unknown = [name for name in value if name not in known]
    if unknown:
        raise PlugaxError(
            f"There is no diagnostic {unknown[0]!r}{of}; there are {', '.join(known)}."
        )


def diagnose(
    problem: AbstractStateSpace,
    cycle: Cycle,
    *,
    prior: Ensemble,
    posterior: Ensemble,
    seen: ObservedEnsemble,
    residual: Float[Array, " observed"] | None,
    wanted: tuple[Diagnostic, ...],
) -> dict[str, Array]:
    """The metrics of the diagnostics that were asked for; some only if the truth is known.

    Arguments:
        problem: the problem.
        cycle: the present cycle.
        prior: the forecast.
        posterior: the analysis, from which the next forecast starts.
        seen: the forecast in the space of the observations.
        residual: the innovation that remains after the analysis; None to compute it from the
            posterior and this cycle's observations.
        wanted: the diagnostics.
    """
    metrics = {}
    if cycle.truth is not None and {"crps", "rank-histogram"} & set(wanted):
        truth = verified_truth(cycle).astype(posterior.dtype)
        analysis = verified_ensemble(problem, posterior)
        forecast = verified_ensemble(problem, prior)
        if "crps" in wanted:
            metrics["analysis_crps"] = crps(analysis, truth)
            metrics["forecast_crps"] = crps(forecast, truth)
        if "rank-histogram" in wanted:
            metrics["rank_histogram"] = rank_histogram(analysis, truth)
            metrics["forecast_rank_histogram"] = rank_histogram(forecast, truth)
    if {"innovations", "signal"} & set(wanted):
        factor = seen.factor
        if "innovations" in wanted:
            metrics["chi_squared"] = chi_squared(seen, factor)
            if residual is None:
                residual = see(problem, posterior, cycle).innovation
            observation, background = desroziers(seen, residual)
            metrics["desroziers_observation"] = observation
            metrics["desroziers_background"] = background
        if "signal" in wanted:
            metrics["degrees_of_freedom_for_signal"] = degrees_of_freedom_for_signal(factor)
    return metrics
