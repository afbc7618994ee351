"""Linear regression of the user's own data, on which outliers have little influence."""

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ._determined import Determination, determination_of
from ._least_absolute import least_absolute_deviations
from ._linear_model import AbstractLinearModel
from ._linear_predictor import Batch
from ._ordinary import predictions_of
from ._own_data import own_data_of
from ._prediction import Spread
from ._robust import robust_residuals, scale_of, spread_of
from ._significance import p_values_of
from ._terms import Term
from ._unit import unit_of


class RobustRegression(AbstractLinearModel):
    """Fit a response by a linear combination of terms, with less weight for outliers.

    The unknowns are the coefficients β, in the order of `terms`, the intercept first. The loss is
    Σ ½ c² ρ((r/c)²) of the residuals r = X β − y: Huber's M-estimates, with a scale c that is fixed
    beforehand. Solvers start from the least absolute deviations, min Σ |r|. Only unusual responses
    are outliers here; an unusual value of a term can still attract the fit.

    Arguments:
        data: a file of columns with a header, or arrays by name, as for `linear-regression`.
        response: the column to be explained, or a function of it such as log(y).
        terms: the explanatory terms, as for `linear-regression`; by default all other columns.
        intercept: whether there is a constant term.
        weights: a column with the weight of every row, the inverse of its variance up to a factor;
            by default all weights are equal. r is multiplied by the root of its weight.
        robust: the loss: huber, soft-l1, cauchy, arctan or bisquare.
        robust_scale: c, the size of a residual beyond which it counts less; by default the scale of
            95 % efficiency for normal errors, with a standard deviation of 1.4826 times the median
            size of the residuals of the least absolute deviations.

    Errors: `PlugaxError` as for `LinearRegression`, for a loss that does not exist, and for a scale
    that is not positive, or missing although more than half of the rows are fitted exactly.

    Source: Huber 1964, doi 10.1214/aoms/1177703732.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "levenberg-marquardt": {"rtol": 1e-12},
        "gauss-newton": {},
        "bfgs": {},
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
    robust: str = eqx.field(static=True)
    robust_scale: Float[Array, ""]
    unit: float = eqx.field(static=True)

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any],
        response: str,
        terms: tuple[str, ...] | None = None,
        intercept: bool = True,
        weights: str | None = None,
        robust: str = "huber",
        robust_scale: float | None = None,
    ):
        own = own_data_of(data, response, terms, intercept=intercept, weights=weights)
        self.columns = own.columns
        self.response = own.response
        self.factor = own.factor
        self.terms = own.terms
        self.response_name = own.response_name
        self.formulas = own.formulas
        self.explanatory = own.explanatory
        design, y = np.asarray(own.columns, float).T, np.asarray(own.response, float)
        start = least_absolute_deviations(design, y)
        self.start = jnp.asarray(start, own.columns.dtype)
        self.robust = robust
        deviation = 1.4826 * float(np.median(np.abs(y - design @ start)))
        exact = deviation <= 100 * np.finfo(float).eps * np.abs(y).max()
        scale = scale_of(robust, robust_scale, known=not exact)
        assert scale is not None  # since there is a loss
        scale = scale * deviation if robust_scale is None else scale
        self.robust_scale = jnp.asarray(scale, own.response.dtype)
        self.unit = unit_of(np.asarray(own.response))

    def residuals(
        self,
        unknowns: Float[Array, " terms"],
        batch: Batch,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, " points"], dict[str, Array]]:
        """X β − y, transformed so that half the squared norm is the loss; metric `coefficients`.

        In units of a power of two if their squares are out of range.
        """
        design, response = batch
        plain = (predictions_of(design, unknowns) - response) / self.unit
        scaled = robust_residuals(self.robust, self.robust_scale / self.unit, plain)
        return scaled, {"coefficients": unknowns}

    def spread(
        self, coefficients: Float[Array, " terms"], held: Bool[Array, " terms"] | None
    ) -> Spread:
        """1.4826 median |r|, and κ of the coefficients' covariance κ² (XᵀX)⁻¹."""
        return self._spread(coefficients, determination_of(self.design, held))

    def evaluate(self, unknowns: Float[Array, " terms"]) -> dict[str, Any]:
        """The coefficients with their statistics, lists in the order of `terms`.

        `coefficients`, `terms`, `standard_errors` (those of M-estimates, `spread_of`), `t_values`,
        `p_values`, `residual_standard_deviation` (1.4826 times the median size of the residuals),
        `degrees_of_freedom` and the matrix `correlations`.
        """
        return self._evaluate(unknowns, None)

    def evaluate_held(
        self, unknowns: Float[Array, " terms"], held: Bool[Array, " terms"]
    ) -> dict[str, Any]:
        """The statistics of `evaluate` if some coefficients were held: known, with error 0."""
        return {**self._evaluate(unknowns, held), "held": held}

    def _evaluate(self, unknowns: Array, held: Array | None) -> dict[str, Any]:
        determination = determination_of(self.design, held)
        spread = self._spread(unknowns, determination)
        relative = determination.relative_deviations
        errors = jnp.where(determination.held, 0, spread.estimates * relative)
        freedom = self.response.size - determination.rank
        return {
            "coefficients": unknowns,
            "terms": list(self.terms),
            "standard_errors": errors,
            "t_values": unknowns / errors,
            "p_values": p_values_of(unknowns / errors, freedom.astype(errors.dtype)),
            "residual_standard_deviation": spread.observations,
            "degrees_of_freedom": freedom,
            "correlations": determination.correlations,
        }

    def _spread(self, coefficients: Array, determination: Determination) -> Spread:
        residuals = self.response - predictions_of(self.design, coefficients)
        freedom = residuals.size - determination.rank
        return spread_of(self.robust, self.robust_scale, residuals, freedom)
