"""Linear regression, whatever the terms are and wherever the data come from."""

import equinox as eqx
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from plugax import AbstractLinearLeastSquares, FullBatch

from ._ordinary import Statistics, coefficients_of, statistics_of

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
        intercept = "intercept" in self.terms
        return statistics_of(
            self.design, self.response, coefficients, intercept=intercept, held=held
        )

    def reference(self) -> Float[Array, " terms"]:
        """The coefficients of ordinary least squares, by Householder QR."""
        return coefficients_of(self.design, self.response)
