"""Linear regression of the user's own data."""

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ._linear import AbstractLinearRegression
from ._linear_model import AbstractLinearModel
from ._linear_predictor import Batch
from ._ordinary import predictions_of
from ._own_data import own_data_of
from ._terms import Term
from ._whitening import log_determinant


class LinearRegression(AbstractLinearRegression, AbstractLinearModel):
    """Fit a response by a linear combination of terms, from a CSV file or from arrays.

    The unknowns are the coefficients β, in the order of `terms`, the intercept first. The loss is
    ½ ‖X β − y‖², half the residual sum of squares, weighted if weights or a covariance are given;
    residuals are not scaled by anything else, since that would round the data.

    Arguments:
        data: a file of columns with a header (CSV; separated by commas, semicolons, tabs or
            blanks), or arrays by name.
        response: the column to be explained, or a function of it such as log(y).
        terms: the explanatory terms: columns, powers x^2, products x:z, functions log(x) (log,
            log2, log10, exp, sqrt, abs); by default all other columns.
        intercept: whether there is a constant term.
        weights: a column with the weight of every row: the inverse of its variance, up to a factor,
            as in R's `lm`; by default all weights are equal.
        covariance: the covariance of the response, up to a factor, with a row and a column for
            every row of the data; by default rows are independent.

    Errors: `PlugaxError` for a file that cannot be read, a column that does not exist, a cell that
    is missing or not a number (with its line and column), too few rows for the coefficients, and
    terms that are combinations of others, by name.

    Law: the unit of a column does not matter: a column c times as large has a coefficient c times
    as small, with the same t value.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "least-squares": {},
        "gauss-newton": {},
        "levenberg-marquardt": {},
    }
    precision: ClassVar[str | None] = "float64"

    columns: Float[Array, "terms points"]
    response: Float[Array, " points"]
    factor: Float[Array, "..."] | None
    start: Float[Array, " terms"]
    terms: tuple[str, ...] = eqx.field(static=True)
    response_name: str = eqx.field(static=True)
    formulas: tuple[Term, ...] = eqx.field(static=True)
    explanatory: Float[Array, " points"] | None

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any],
        response: str,
        terms: tuple[str, ...] | None = None,
        intercept: bool = True,
        weights: str | None = None,
        covariance: Float[Array | np.ndarray, "rows columns"] | None = None,
    ):
        own = own_data_of(
            data, response, terms, intercept=intercept, weights=weights, covariance=covariance
        )
        self.columns = own.columns
        self.response = own.response
        self.factor = own.factor
        self.start = jnp.zeros(len(own.terms), own.columns.dtype)
        self.terms = own.terms
        self.response_name = own.response_name
        self.formulas = own.formulas
        self.explanatory = own.explanatory

    def residuals(
        self,
        unknowns: Float[Array, " terms"],
        batch: Batch,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, " points"], dict[str, Array]]:
        """X β − y; the metric `coefficients` is β."""
        design, response = batch
        return predictions_of(design, unknowns) - response, {"coefficients": unknowns}

    def evaluate(self, unknowns: Float[Array, " terms"]) -> dict[str, Any]:
        """The coefficients with their classical statistics, lists in the order of `terms`.

        `coefficients`, `terms`, `standard_errors`, `t_values`, `p_values`,
        `residual_sum_of_squares`, `residual_standard_deviation`, `degrees_of_freedom`, `r_squared`,
        `adjusted_r_squared`, `log_likelihood`, `aic`, `bic`, the matrix `correlations`, and, if
        there is a term besides the intercept, `f_statistic` and `f_p_value`. Without an intercept,
        R² is 1 − RSS / Σy², and F, too, refers to sums about zero. Weights count in all sums.
        """
        return self._evaluate(unknowns, None)

    def evaluate_held(
        self, unknowns: Float[Array, " terms"], held: Bool[Array, " terms"]
    ) -> dict[str, Any]:
        """The statistics of `evaluate` if some coefficients were held: known, with error 0.

        F, which compares with a model that has the intercept alone, is left out: what is held need
        not be zero.
        """
        return self._evaluate(unknowns, held)

    def _evaluate(self, unknowns: Array, held: Array | None) -> dict[str, Any]:
        determinant = log_determinant(self.factor, len(self.response))
        return self.metrics_of(unknowns, held, determinant)
