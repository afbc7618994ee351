"""Predictions of a linear model: X₀ β with its bands."""

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from ._determined import determination_of
from ._linear_predictor import AbstractLinearPredictor
from ._prediction import Prediction, prediction_of

if TYPE_CHECKING:
    from plugax import Solution


def predict(
    problem: AbstractLinearPredictor,
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
        shape: the shape of the result.
    """
    metrics = solution.metrics
    held = jnp.asarray(metrics["held"]) if "held" in metrics else None
    spread = problem.spread(solution.unknowns, held)
    relative = determination_of(problem.design, held).deviations_along(
        jnp.asarray(rows, problem.columns.dtype)
    )
    return prediction_of(
        (rows @ np.asarray(solution.unknowns, float)).reshape(shape),
        float(spread.estimates) * np.asarray(relative, float).reshape(shape),
        float(spread.observations),
        freedom=metrics["degrees_of_freedom"],
        level=level,
    )
