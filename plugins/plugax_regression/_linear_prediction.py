"""Predictions of a linear regression: X₀ β with its bands."""

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from ._linear import AbstractLinearRegression
from ._prediction import Prediction, prediction_of

if TYPE_CHECKING:
    from plugax import Solution


def predicted(
    problem: AbstractLinearRegression,
    solution: "Solution",
    rows: np.ndarray,
    level: float,
    shape: tuple[int, ...],
) -> Prediction:
    """The prediction at rows of a design.

    Arguments:
        problem: the problem.
        solution: its solution, or that of a variant.
        rows: X₀.
        level: the probability of the bands.
        shape: of what is returned.
    """
    metrics = solution.metrics
    held = None if "held" not in metrics else jnp.asarray(metrics["held"])
    spread = metrics["residual_standard_deviation"]
    spread = np.nan if spread is None else spread  # a saved solution has no numbers but finite ones
    relative = problem.deviations(jnp.asarray(rows, problem.design.dtype), held)
    return prediction_of(
        (rows @ np.asarray(solution.unknowns, float)).reshape(shape),
        spread * np.asarray(relative, float).reshape(shape),
        spread,
        freedom=metrics["degrees_of_freedom"],
        level=level,
    )
