"""Linear regression, whatever the terms are and wherever the data come from."""

from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from plugax import AbstractLinearLeastSquares, FullBatch, Table

from ._determined import determination_of
from ._fit_tables import tables_of
from ._likelihood import criteria_of
from ._ordinary import Statistics, coefficients_of, statistics_of
from ._significance import F_TEST, significance_of

if TYPE_CHECKING:
    from plugax import Solution

Batch = tuple[Float[Array, "points terms"], Float[Array, " points"]]


class AbstractLinearRegression(AbstractLinearLeastSquares):
    """Find the coefficients β with which X β is closest to y.

    A subclass brings `residuals`, a multiple of X β − y, and four fields:

    - `design`: X, a column for every term.
    - `response`: y.
    - `start`: the coefficients that iterative solvers start from.
    - `terms`: the names of the columns, in the order of the coefficients; one named `"intercept"`
      says that the model has one.

    Law: every solver that converges finds `reference()`, the coefficients of ordinary least
    squares.
    """

    design: eqx.AbstractVar[Float[Array, "points terms"]]
    response: eqx.AbstractVar[Float[Array, " points"]]
    start: eqx.AbstractVar[Float[Array, " terms"]]
    terms: eqx.AbstractVar[tuple[str, ...]]

    def init(self, key: PRNGKeyArray) -> Float[Array, " terms"]:  # noqa: ARG002 - always the same
        """The coefficients to start from."""
        return self.start

    @property
    def data(self) -> FullBatch:
        """All points at every step."""
        return FullBatch((self.design, self.response))

    def statistics(
        self,
        coefficients: Float[Array, " terms"],
        held: Bool[Array, " terms"] | None = None,
    ) -> Statistics:
        """The classical statistics of any coefficients, those of least squares or others.

        Arguments:
            coefficients: β.
            held: which were held, so that they are known and take no degree of freedom.
        """
        constant = None
        if "intercept" in self.terms:
            constant = self.design[:, self.terms.index("intercept")]
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
            held: which were held; None for none.
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

    def deviations(
        self, rows: Float[Array, "places terms"], held: Bool[Array, " terms"] | None
    ) -> Float[Array, " places"]:
        """√(g (XᵀX)⁻¹ gᵀ) of every row g: the standard errors of the predictions g β over s."""
        return determination_of(self.design, held).deviations_along(rows)

    def tables(self, solution: "Solution") -> tuple[Table, ...]:
        """The coefficients with their statistics and 95 % intervals, and their correlations."""
        return tables_of(solution.metrics, "term", "coefficient")

    def reference(self) -> Float[Array, " terms"]:
        """The coefficients of ordinary least squares, by Householder QR."""
        return coefficients_of(self.design, self.response)
