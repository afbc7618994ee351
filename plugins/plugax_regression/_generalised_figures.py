"""The figures of a generalised linear model: the fitted mean, and the deviance residuals."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from ._diagnostics import Fit, figures_of, grid
from ._families import Observed
from ._generalised_statistics import moments

if TYPE_CHECKING:
    from plugax import Solution

    from ._generalised import GeneralisedLinearModel


def figures(problem: "GeneralisedLinearModel", solution: "Solution") -> dict[str, Any]:
    """`fit` if one column explains the response, `observed` and `residuals`.

    The residuals are those of the deviance, sign(y − μ) √d, which are nearly normal if the family
    is right and counts are not small; for student-t they are (y − μ)/σ.

    Arguments:
        problem: the model.
        solution: its solution.
    """
    coefficients, shape = problem.split(jnp.asarray(solution.unknowns))
    rows = Observed(problem.response, problem.trials, shape, problem.freedom)
    _, mean, _ = moments(problem, coefficients, rows)
    family = problem.known_family
    away = problem.response - mean
    if family.deviance is None:
        residuals, name = away / shape, "residual / sigma"
    else:
        residuals = jnp.sign(away) * jnp.sqrt(jnp.maximum(family.deviance(mean, rows), 0))
        name = "deviance residual"
    x, x_name, curve = None, "", None
    if problem.explanatory is not None:
        x = np.asarray(problem.explanatory, float)
        (x_name,) = {column for term in problem.formulas for column in term.columns}
        # With an offset, the mean is no function of x alone.
        places = grid(x)
        curve = None if problem.has_offset else (places, problem.predict(solution, places))
    return figures_of(
        Fit(
            observed=np.asarray(problem.response, float),
            fitted=np.asarray(mean, float),
            residuals=np.asarray(residuals, float),
            response_name=problem.response_name,
            residual_name=name,
            x=x,
            x_name=x_name,
            curve=curve,
        )
    )
