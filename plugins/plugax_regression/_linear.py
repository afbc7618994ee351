"""Linear regression, for any terms and any source of data."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from plugax import AbstractLinearLeastSquares

from ._likelihood import criteria_of
from ._linear_predictor import AbstractLinearPredictor
from ._ordinary import Statistics, coefficients_of, statistics_of
from ._prediction import Spread
from ._significance import F_TEST, significance_of


class AbstractLinearRegression(AbstractLinearPredictor, AbstractLinearLeastSquares):
    """Find the coefficients β with which X β is closest to y.

    A subclass defines `residuals`, a multiple of X β − y, and the fields of
    `AbstractLinearPredictor`.

    Law: every solver that converges finds `reference()`, the coefficients of ordinary least
    squares.
    """

    def statistics(
        self,
        coefficients: Float[Array, " terms"],
        held: Bool[Array, " terms"] | None = None,
    ) -> Statistics:
        """The classical statistics of any coefficients, those of least squares or others.

        Arguments:
            coefficients: β.
            held: which coefficients were held: they are known and use no degree of freedom.
        """
        constant = None
        if "intercept" in self.terms:
            constant = self.columns[self.terms.index("intercept")]
        return statistics_of(self.design, self.response, coefficients, constant=constant, held=held)

    def metrics_of(
        self,
        coefficients: Float[Array, " terms"],
        held: Bool[Array, " terms"] | None,
        log_determinant: Float[Array, ""] | float = 0.0,
    ) -> dict[str, Any]:
        """The coefficients with their statistics, lists in the order of `terms`.

        Arguments:
            coefficients: β.
            held: which coefficients were held; None for none.
            log_determinant: log |L| of the observations' covariance L Lᵀ, up to its scale.
        """
        statistics = self.statistics(coefficients, held)
        points, terms = self.design.shape
        free = terms if held is None else jnp.sum(~held, dtype="int32")
        significance = significance_of(
            statistics,
            coefficients,
            points=points,
            free=free,
            intercept="intercept" in self.terms,
        )
        if held is not None:
            significance = {n: v for n, v in significance.items() if n not in F_TEST}
        return {
            "coefficients": coefficients,
            "terms": list(self.terms),
            **statistics.metrics(),
            "degrees_of_freedom": points - free,
            **significance,
            **criteria_of(
                statistics.log_variance,
                statistics.residual_sum_of_squares,
                log_determinant,
                points=points,
                parameters=free,
            ),
            "correlations": statistics.determination.correlations,
            **({} if held is None else {"held": held}),
        }

    def spread(
        self, coefficients: Float[Array, " terms"], held: Bool[Array, " terms"] | None
    ) -> Spread:
        """The residuals' standard deviation s, for observations and for estimates."""
        deviation = self.statistics(coefficients, held).residual_standard_deviation
        return Spread(deviation, deviation)

    def reference(self) -> Float[Array, " terms"]:
        """The coefficients of ordinary least squares, by Householder QR."""
        return coefficients_of(self.design, self.response)
