"""Predictions of a nonlinear regression by the delta method: f(θ, x₀) with its bands."""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from ._parameters import as_vector
from ._prediction import Prediction, prediction_of

if TYPE_CHECKING:
    from plugax import Solution

    from ._nonlinear_regression import NonlinearRegression


def predict(
    problem: "NonlinearRegression",
    solution: "Solution",
    x: PyTree[Array],
    *,
    level: float,
    sigma: Any,
) -> Prediction:
    """The prediction at other places.

    Arguments:
        problem: the problem.
        solution: its solution, or that of a variant.
        x: the places.
        level: the probability of the bands.
        sigma: the standard deviation of a new observation, in the unit of the problem's own; None
            for that of all observations, if they have one.
    """
    vector, parameters = as_vector(solution.unknowns)
    cast = lambda leaf: leaf if leaf.dtype == bool else leaf.astype(vector.dtype)  # noqa: E731
    x = jax.tree.map(cast, x)

    def function(vector: Float[Array, " n"]) -> Float[Array, "..."]:
        return problem.model(parameters(vector), x)

    uncertainty = problem.uncertainty(solution.unknowns, held_in(solution))
    value = function(vector)
    gradients = jax.jacfwd(function)(vector).reshape(value.size, vector.size)
    relative = uncertainty.determination.deviations_along(gradients)
    known = problem.spread_known
    sigma = _common_sigma(problem) if sigma is None else np.asarray(sigma, float)
    unit = 1.0 if known else float(uncertainty.deviation)
    return prediction_of(
        np.asarray(value, float),
        np.asarray(uncertainty.scale * relative, float).reshape(value.shape),
        None if sigma is None else unit * sigma,
        freedom=np.inf if known else float(uncertainty.degrees_of_freedom),
        level=level,
    )


def _common_sigma(problem: "NonlinearRegression") -> np.ndarray | None:
    """The sigma of all observations; None if they differ, or are correlated."""
    if problem.sigma is None:
        return np.asarray(1.0)
    sigma = np.asarray(problem.sigma, float)
    one = sigma.shape == problem.y.shape and np.all(sigma == sigma.flat[0])
    return np.asarray(sigma.flat[0]) if one else None


def held_in(solution: "Solution") -> Bool[Array, " n"] | None:
    """Which parameters were held in a solution; None for none."""
    held = solution.metrics.get("held")
    return None if held is None else jnp.asarray(held)
