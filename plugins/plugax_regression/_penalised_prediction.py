"""The mean response of a penalised model at other places."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ._own_data import rows_at

if TYPE_CHECKING:
    from ._penalised import PenalisedRegression


def mean_at(
    problem: "PenalisedRegression",
    coefficients: Float[np.ndarray, " terms"],
    inputs: Any,
    offset: Any,
) -> Float[np.ndarray, " places"]:
    """μ at other places.

    Arguments:
        problem: the model.
        coefficients: β, in the units of the data.
        inputs: a file or arrays by name, or one array if only one column explains the response.
        offset: the offset at these places.
    """
    rows = rows_at(inputs, problem.formulas, intercept=problem.intercept)
    eta = rows @ coefficients + np.asarray(offset, float)
    return np.asarray(problem.known_link.mean(jnp.asarray(eta, problem.columns.dtype)), float)
