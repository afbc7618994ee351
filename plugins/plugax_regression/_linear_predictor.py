"""What all linear models have in common: a design, and coefficients to be found."""

import abc
from typing import TYPE_CHECKING

import equinox as eqx
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from plugax import AbstractLeastSquares, FullBatch, Table

from ._fit_tables import tables_of
from ._prediction import Spread

if TYPE_CHECKING:
    from plugax import Solution

Batch = tuple[Float[Array, "points terms"], Float[Array, " points"]]


class AbstractLinearPredictor(AbstractLeastSquares):
    """Find the coefficients β with which X β comes close to y.

    A subclass defines `residuals`, a function of X β − y, and four fields:

    - `columns`: Xᵀ, a row for every term, which is contiguous in memory, so that X β and Xᵀ r run
      over neighbouring points.
    - `response`: y.
    - `start`: the coefficients that iterative solvers start from.
    - `terms`: the names of the columns, in the order of the coefficients; a column named
      `"intercept"` is the intercept of the model.
    """

    columns: eqx.AbstractVar[Float[Array, "terms points"]]
    response: eqx.AbstractVar[Float[Array, " points"]]
    start: eqx.AbstractVar[Float[Array, " terms"]]
    terms: eqx.AbstractVar[tuple[str, ...]]

    def init(self, key: PRNGKeyArray) -> Float[Array, " terms"]:  # noqa: ARG002 - always the same
        """The coefficients to start from."""
        return self.start

    @property
    def design(self) -> Float[Array, "points terms"]:
        """X, a column for every term."""
        return self.columns.T

    @property
    def data(self) -> FullBatch:
        """X and y, all points at every step."""
        return FullBatch((self.design, self.response))

    @abc.abstractmethod
    def spread(
        self, coefficients: Float[Array, " terms"], held: Bool[Array, " terms"] | None
    ) -> Spread:
        """The standard deviation of observations, and the scale of that of the coefficients.

        Arguments:
            coefficients: β.
            held: which were held; None for none.
        """

    def tables(self, solution: "Solution") -> tuple[Table, ...]:
        """The coefficients with their statistics and 95 % intervals, and their correlations."""
        return tables_of(solution.metrics, "term", "coefficient")
