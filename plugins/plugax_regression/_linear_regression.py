"""Linear regression of the user's own data."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from plugax import PlugaxError

from ._linear import AbstractLinearRegression, Batch
from ._linear_prediction import predicted
from ._ordinary import predictions_of
from ._prediction import Prediction
from ._rank import check_rank
from ._table import Table, table_of, unknown_column
from ._terms import Term, parse_term
from ._whitening import factor_of, log_determinant, whiten

if TYPE_CHECKING:
    from plugax import Solution


class LinearRegression(AbstractLinearRegression):
    """Fit a response by a linear combination of terms, from a CSV file or from arrays.

    The unknowns are the coefficients β, in the order of `terms`, the intercept first. The loss is
    ½ ‖X β − y‖², half the residual sum of squares; residuals are not scaled by anything, since that
    would round the data.

    Arguments:
        data: a file of columns with a header (CSV; separated by commas, semicolons, tabs or
            blanks), or arrays by name.
        response: the column to be explained, or a function of it such as log(y).
        terms: what explains it: columns, powers x^2, products x:z, functions log(x) (log, log2,
            log10, exp, sqrt, abs); none for all other columns.
        intercept: whether there is a constant term.
        weights: a column that says how much every row counts: the inverse of its variance, up to a
            factor, as in R's `lm`; none for all the same.
        covariance: of the response, up to a factor, a row and a column for every row of the data;
            none if rows are independent.

    Errors: `PlugaxError` for a file that cannot be read, a column that is not there, a cell that is
    missing or no number (with its line and column), no more rows than coefficients, and terms that
    are combinations of others, by name.

    Law: what units a column is in does not matter: a column c times as large has a coefficient c
    times as small, with the same t value.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "least-squares": {},
        "gauss-newton": {},
        "levenberg-marquardt": {},
    }
    precision: ClassVar[str | None] = "float64"

    # With weights or a covariance L Lᵀ, both are multiplied by L⁻¹; `factor` holds L.
    design: Float[Array, "points terms"]
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
        table = table_of(data)
        explained = parse_term(response, table.cells, "response")
        self.formulas = _formulas(table, explained, terms, weights)
        self.response_name = explained.name
        self.terms = ("intercept",) * intercept + tuple(term.name for term in self.formulas)
        _check_terms(self.terms)
        y = explained.of(table)
        columns = [np.ones(table.rows)] * intercept + [term.of(table) for term in self.formulas]
        if table.rows <= len(columns):
            raise PlugaxError(
                f"{table.source} has {table.rows} rows; {len(columns)} coefficients "
                f"({', '.join(self.terms)}) and the spread about them need at least "
                f"{len(columns) + 1}."
            )
        x = np.stack(columns, axis=1)
        check_rank(x, self.terms)
        _check_range([y, *columns], (self.response_name, *self.terms))
        factor = _factor(table, weights, covariance)
        self.factor = None if factor is None else jnp.asarray(factor, float)
        self.design = whiten(self.factor, jnp.asarray(x, float))
        self.response = whiten(self.factor, jnp.asarray(y, float))
        self.start = jnp.zeros(len(columns), self.design.dtype)
        # Of one column alone the fit can be drawn as a curve.
        names = {name for term in self.formulas for name in term.columns}
        self.explanatory = jnp.asarray(table.column(*names), float) if len(names) == 1 else None

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
        `adjusted_r_squared`, `log_likelihood`, `aic`, `bic`, the matrix `correlations`, and where
        there is a term beside the intercept `f_statistic` and `f_p_value`. R² is 1 − RSS / Σy²
        where there is no intercept, and then F is about zero too. Weights count in all sums.
        """
        return self._evaluate(unknowns, None)

    def evaluate_held(
        self, unknowns: Float[Array, " terms"], held: Bool[Array, " terms"]
    ) -> dict[str, Any]:
        """The same if some coefficients were held: known, with the standard error 0.

        F, which compares with a model that has the intercept alone, is left out: what is held need
        not be zero.
        """
        return self._evaluate(unknowns, held)

    def _evaluate(self, unknowns: Array, held: Array | None) -> dict[str, Any]:
        determinant = log_determinant(self.factor, len(self.response))
        return self.metrics_of(unknowns, held, determinant)

    def predict(self, solution: "Solution", inputs: Any, *, level: float = 0.95) -> Prediction:
        """The response at other places, with the bands of its mean and of a new observation.

        A new observation has the weight 1, or the variance 1 in the unit of the covariance.

        Arguments:
            solution: of this problem.
            inputs: as `data`, a file or arrays by name; or one array, if one column explains it.
            level: the probability of the bands.
        """
        names = sorted({name for term in self.formulas for name in term.columns})
        if len(names) == 1 and not isinstance(inputs, str | os.PathLike):
            keyed = hasattr(inputs, "keys") and hasattr(inputs, "__getitem__")
            inputs = inputs if keyed else {names[0]: np.atleast_1d(inputs)}
        table = table_of(inputs)
        for name in names:
            if name not in table.cells:
                raise unknown_column(name, table.cells, "the model")
        ones = [np.ones(table.rows)] * (len(self.terms) - len(self.formulas))
        rows = np.stack(ones + [term.of(table) for term in self.formulas], axis=1)
        return predicted(self, solution, rows, level, (table.rows,))

    def observed(self) -> tuple[np.ndarray, np.ndarray]:
        """X and y as they were given, whatever their weights."""
        design, response = np.asarray(self.design, float), np.asarray(self.response, float)
        if self.factor is None:
            return design, response
        factor = np.asarray(self.factor, float)
        if factor.ndim == 1:
            return design * factor[:, None], response * factor
        return factor @ design, factor @ response

    def figures(self, solution: "Solution") -> dict[str, Any]:
        """The figures `fit` (where there is one explanatory column), `observed` and `residuals`.

        `fit` shows the data with the fitted curve, `observed` the response against the fitted
        values, `residuals` the residuals against them.
        """
        # Matplotlib is slow to import, and only needed here.
        from ._diagnostics import linear_figures

        return linear_figures(self, solution)


def _formulas(
    table: Table, explained: Term, terms: Sequence[str] | None, weights: str | None = None
) -> tuple[Term, ...]:
    """The terms that were asked for, or all columns that the response is not made of."""
    if isinstance(terms, str):
        raise PlugaxError(f"terms must be several texts, as in ('x', 'x^2'); got {terms!r}.")
    if terms is None:
        terms = [name for name in table.cells if name not in {*explained.columns, weights}]
    found = tuple(parse_term(term, table.cells) for term in terms)
    for term in found:
        if term.name == "intercept":
            raise PlugaxError(
                "A column called 'intercept' cannot be a term, since the constant term has that "
                "name; rename it, or leave it out if it is constant."
            )
        if term.factors == explained.factors:
            raise PlugaxError(
                f"The response {explained.name} is among the terms, which would explain it by "
                "itself; leave it out."
            )
    return found


def _factor(table: Table, weights: str | None, covariance: Any) -> np.ndarray | None:
    """L of the covariance L Lᵀ of the response."""
    if weights is not None and covariance is not None:
        raise PlugaxError("Give weights or a covariance; both would say the same twice.")
    if weights is not None:
        values = parse_term(weights, table.cells, "weights").of(table)
        if not np.all(values > 0):
            row = int(np.argmin(values > 0))
            raise PlugaxError(
                f"{table.source}, {table.place(row)}: weights must be positive; got "
                f"{values[row]:g}. A row that is to count for nothing is best left out."
            )
        return 1 / np.sqrt(values)
    if covariance is None:
        return None
    matrix = np.asarray(covariance, float)
    if matrix.shape != (table.rows, table.rows) or not np.all(np.isfinite(matrix)):
        raise PlugaxError(
            f"covariance must be finite and have the shape {(table.rows, table.rows)}, a row and a "
            f"column for each row of the data; got the shape {matrix.shape}."
        )
    return factor_of(matrix, "covariance")


def _check_terms(terms: tuple[str, ...]) -> None:
    if not terms:
        raise PlugaxError("There is nothing to fit: no terms, and no intercept.")
    for term in terms:
        if terms.count(term) > 1:
            raise PlugaxError(f"The term {term!r} is listed {terms.count(term)} times.")


def _check_range(columns: list[np.ndarray], names: tuple[str, ...]) -> None:
    """Raise where single precision, if that is in use, cannot hold a column."""
    largest = float(jnp.finfo(jnp.result_type(float)).max)
    for name, column in zip(names, columns, strict=True):
        if np.abs(column).max() > largest:
            raise PlugaxError(
                f"{name} reaches {np.abs(column).max():.3g}, more than single precision holds. "
                'Switch float64 on with jax.config.update("jax_enable_x64", True), or rescale it.'
            )
