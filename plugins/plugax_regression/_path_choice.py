"""Which strength of a path is right: the smallest deviance on rows that were left out.

The deviance per row of every fold, D_k, has the mean D and the standard error √(var D_k/(K − 1))
over the K folds. The coefficients of the largest λ whose D is within one standard error of the
smallest are fewer, and nearly as good.

Source: Breiman and others 1984, Classification and Regression Trees, section 3.4.3, doi
10.1201/9781315139470.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Curve(NamedTuple):
    """The deviances of a path.

    Attributes:
        mean: D of every step.
        error: its standard error.
        minimum: the step of the smallest D.
        one_error: the step of the largest λ within one standard error of it.
    """

    mean: np.ndarray
    error: np.ndarray
    minimum: int
    one_error: int


def curve_of(series: Mapping[str, np.ndarray]) -> Curve | None:
    """The deviances on the rows left out; None without folds.

    Arguments:
        series: the metrics of every step.
    """
    deviances = np.asarray(series["held_out_deviances"], float)
    folds = deviances.shape[1]
    if not folds:
        return None
    mean, error = deviances.mean(axis=1), deviances.std(axis=1) / np.sqrt(folds - 1)
    least = int(np.argmin(mean))
    return Curve(mean, error, least, int(np.argmax(mean <= mean[least] + error[least])))


def choice_of(series: Mapping[str, np.ndarray], choice: str) -> dict[str, Any]:
    """The metrics of the chosen step; of the last one without folds.

    Arguments:
        series: the metrics of every step.
        choice: minimum or one-standard-error.
    """
    curve = curve_of(series)
    step, found = -1, {}
    if curve is not None:
        step = curve.minimum if choice == "minimum" else curve.one_error
        found = {
            "strength_minimum": float(series["strength"][curve.minimum]),
            "strength_one_standard_error": float(series["strength"][curve.one_error]),
            "held_out_deviance": float(curve.mean[step]),
            "held_out_error": float(curve.error[step]),
        }
    return {
        "coefficients": series["coefficients"][step].tolist(),
        "standardised": series["standardised"][step].tolist(),
        "strength": float(series["strength"][step]),
        "nonzero": int(series["nonzero"][step]),
        "deviance_explained": float(series["deviance_explained"][step]),
        **found,
    }


def remarks(series: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """What a user should know about the path.

    Arguments:
        series: the metrics of every step.
    """
    found = []
    unsolved = int(np.sum(series["unsolved"] > 0))
    if unsolved:
        found.append(
            f"At {unsolved} of {len(series['unsolved'])} strengths a model was not solved within "
            "the solver's steps: give it more, or raise ratio."
        )
    curve = curve_of(series)
    if curve is None:
        found.append("Without folds the answer is that of the smallest strength.")
    elif curve.minimum == len(curve.mean) - 1 and len(curve.mean) > 1:
        found.append(
            "The deviance is smallest at the smallest strength: a smaller ratio may be better, or "
            "no penalty at all."
        )
    elif curve.minimum == 0:
        found.append("No term explains rows that were left out: the best model is the intercept.")
    return tuple(found)
