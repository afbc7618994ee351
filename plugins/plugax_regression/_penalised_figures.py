"""The figures of a penalised model with one strength: the fitted mean, and the residuals."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from ._diagnostics import Fit, figures_of
from ._ordinary import predictions_of
from ._penalised_statistics import row_deviances

if TYPE_CHECKING:
    from plugax import Solution

    from ._penalised import PenalisedRegression


def figures(problem: "PenalisedRegression", solution: "Solution") -> dict[str, Any]:
    """`observed` and `residuals`, those of the deviance, sign(y − μ) √d.

    Arguments:
        problem: the model.
        solution: its solution.
    """
    unknowns = jnp.asarray(solution.metrics["standardised"], problem.columns.dtype)
    eta = predictions_of(problem.design, unknowns) + problem.offset
    mean = problem.known_link.mean(eta)
    residuals = jnp.sign(problem.response - mean) * jnp.sqrt(
        jnp.maximum(row_deviances(problem, eta), 0)
    )
    return figures_of(
        Fit(
            observed=np.asarray(problem.response, float),
            fitted=np.asarray(mean, float),
            residuals=np.asarray(residuals, float),
            response_name=problem.response_name,
            residual_name="deviance residual",
            x=None,
            x_name="",
            curve=None,
        )
    )
