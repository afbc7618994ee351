"""The predictions of a generalised linear model: the mean with its band."""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from ._determined import determination_of
from ._families import Observed
from ._generalised_statistics import moments
from ._own_data import rows_at
from ._prediction import Prediction, quantile

if TYPE_CHECKING:
    from plugax import Solution

    from ._generalised import GeneralisedLinearModel


def predict(
    problem: "GeneralisedLinearModel", solution: "Solution", inputs: Any, level: float, offset: Any
) -> Prediction:
    """The mean at other places: g⁻¹(η), and the band of η carried to it.

    Arguments:
        problem: the model.
        solution: its solution, or that of a variant.
        inputs: a file or arrays by name, or one array.
        level: the probability of the band.
        offset: the offset at these places.
    """
    rows = rows_at(inputs, problem.formulas, intercept=len(problem.terms) > len(problem.formulas))
    metrics, dtype = solution.metrics, problem.columns.dtype
    coefficients, shape = problem.split(jnp.asarray(solution.unknowns))
    held = jnp.asarray(metrics["held"]) if "held" in metrics else None
    seen = Observed(problem.response, problem.trials, shape, problem.freedom)
    _, _, weights = moments(problem, coefficients, seen)
    design = problem.design * jnp.sqrt(weights)[:, None]
    determination = determination_of(design, held)
    dispersed = problem.known_family.dispersed
    scale = float(metrics["dispersion"]) ** 0.5 if dispersed else 1.0
    along = np.asarray(determination.deviations_along(jnp.asarray(rows, dtype)), float)
    eta = rows @ np.asarray(coefficients, float) + np.asarray(offset, float)
    width = quantile(metrics["degrees_of_freedom"] if dispersed else np.inf, level)
    mean = lambda at: np.asarray(problem.known_link.mean(jnp.asarray(at, dtype)), float)  # noqa: E731
    slope = jax.jvp(
        problem.known_link.mean, (jnp.asarray(eta, dtype),), (jnp.ones_like(eta, dtype),)
    )[1]
    ends = mean(eta - width * scale * along), mean(eta + width * scale * along)
    return Prediction(
        value=mean(eta),
        standard_error=np.abs(np.asarray(slope, float)) * scale * along,
        confidence=(np.minimum(*ends), np.maximum(*ends)),  # a link may fall
        prediction=None,
        level=level,
    )
