"""Whether the uncertainty that an assimilation method states agrees with its actual errors.

    spread² / error²        of the analyses, where the truth is known
    ½‖d‖² / ½ tr(H P Hᵀ R⁻¹ + I)        of the innovations d = R^{-½} (y − H(x)), always

Both are ratios of means over cycles, and 1 for a filter that states its uncertainty correctly. One
that has lost the truth still runs to its end, with a small spread and far from the observations.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from ._burn_in import after_burn_in

# How far a ratio of mean squares may be from 1 before the user is warned. Tuned filters reach 0.8
# to 1.3; a factor of two in the error is more than a matter of tuning.
MOST_ERROR, MOST_INNOVATION = 4.0, 1.5
# A mean over fewer cycles, or a deviation of fewer standard errors, is not reported.
FEWEST, STANDARD_ERRORS = 10, 3.0

Series = Mapping[str, np.ndarray]


def consistency(series: Series, counted: Bool[np.ndarray, " times"]) -> dict[str, float]:
    """The two ratios, each if the solver reports the metrics for it; 1 is right."""
    figures = {}
    if {"spread", "analysis_rmse"} <= series.keys():
        figures["spread_to_error"] = np.sqrt(_ratio(*_squares(series, counted)))
    if {"loss", "expected_loss"} <= series.keys():
        losses = (series[name][counted] for name in ("loss", "expected_loss"))
        figures["innovation_ratio"] = _ratio(*losses)
    return figures


def remarks_of(series: Series, burn_in: float) -> tuple[str, ...]:
    """Warnings for the user about a run on a state-space problem.

    Arguments:
        series: the metrics of every cycle.
        burn_in: cycles up to this time do not count.
    """
    if not len(series.get("time", ())):
        return ()
    culprit = _observation_remark(series)
    if culprit:
        return (culprit,)
    time = series["time"]
    counted = after_burn_in(time, burn_in)
    if not counted.any():
        return (
            f"No cycle counts: the run ended at time {time[-1]:g}, inside the burn-in, which ends "
            f"at {burn_in:g}. The means are NaN. Run more steps, or give a shorter burn_in.",
        )
    return tuple(
        filter(None, (_error_remark(series, counted), _innovation_remark(series, counted)))
    )


def _observation_remark(series: Series) -> str | None:
    """A warning if at the last step the forecast was finite, but its observation was not."""
    ahead = [name for name in ("forecast_spread", "forecast_rmse") if name in series]
    sound = ahead and all(np.isfinite(series[name][-1]) for name in ahead)
    if not sound or "loss" not in series or np.isfinite(series["loss"][-1]):
        return None
    return (
        "The forecast was finite, but observation_operator(t, x) of it was not: it is not defined "
        "for a state that occurred (the root of a negative number?). Let it return finite numbers "
        'for every state; an ensemble method with non_finite="replace" continues without such '
        "members."
    )


def _error_remark(series: Series, counted: Bool[np.ndarray, " times"]) -> str | None:
    """A warning if spread and error disagree."""
    if not {"spread", "analysis_rmse"} <= series.keys():
        return None
    spread, error = _squares(series, counted)
    told = f"the error is {np.sqrt(error.mean()):.3g}, the spread {np.sqrt(spread.mean()):.3g}"
    if _exceeds(error, spread, MOST_ERROR):
        return (
            f"The method is overconfident, and may have lost the truth: {told} (root mean squares "
            "after the burn-in; they should be similar). Try more members or localisation, a "
            "larger inflation or relaxation (rtps), or a model_error if the model is imperfect."
        )
    if _exceeds(spread, error, MOST_ERROR):
        return (
            f"The method is underconfident: {told} (root mean squares after the burn-in; they "
            "should be similar). Try a smaller inflation, relaxation, noise or model_error."
        )
    return None


def _innovation_remark(series: Series, counted: Bool[np.ndarray, " times"]) -> str | None:
    """A warning if the innovations disagree with their expected variance."""
    if not {"loss", "expected_loss"} <= series.keys():
        return None
    found, expected = series["loss"][counted], series["expected_loss"][counted]
    there = expected > 0
    found, expected = found[there], expected[there]
    told = (
        "The squares of the innovations y − H(x) are {:.3g} times what spread and "
        "observation_error say (1 is right)"
    )
    if _exceeds(found, expected, MOST_INNOVATION):
        return (
            f"{told.format(_ratio(found, expected))}: forecasts have larger errors than their "
            "spread, or observations larger errors than observation_error."
        )
    if _exceeds(expected, found, MOST_INNOVATION):
        return (
            f"{told.format(_ratio(found, expected))}: the spread, or observation_error, is too "
            "large."
        )
    return None


def _exceeds(
    larger: Float[np.ndarray, " cycles"], smaller: Float[np.ndarray, " cycles"], limit: float
) -> bool:
    """Whether a mean is more than `limit` times another, beyond the scatter from cycle to cycle."""
    if len(larger) < FEWEST:
        return False
    excess = larger - limit * smaller
    certain = STANDARD_ERRORS * np.std(excess, ddof=1) / np.sqrt(len(excess))
    return bool(np.mean(excess) > certain)


def _squares(
    series: Series, counted: Bool[np.ndarray, " times"]
) -> tuple[Float[np.ndarray, " cycles"], Float[np.ndarray, " cycles"]]:
    """The squares of spread and error in the cycles that count."""
    return np.square(series["spread"][counted]), np.square(series["analysis_rmse"][counted])


def _ratio(one: Float[np.ndarray, " cycles"], other: Float[np.ndarray, " cycles"]) -> float:
    mean = float(np.mean(other)) if len(other) else 0.0
    return float(np.mean(one)) / mean if mean else np.nan
