"""Linear regression, whatever the terms are and wherever the data come from."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from plugax import AbstractLinearLeastSquares, FullBatch

from ._ordinary import coefficients_of, predictions_of, statistics_of

Batch = tuple[Float[Array, "points terms"], Float[Array, " points"]]


class AbstractLinearRegression(AbstractLinearLeastSquares):
    """Find the coefficients β with which X β is closest to y.

    With n points, L(β) = (1/n) ‖X β − y‖², the mean squared error: the residuals of this least-
    squares problem are √(2/n) (X β − y), so that half their squared norm is that mean. So neither
    the loss nor a good learning rate depends on how many points there are.

    A subclass brings four fields:

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

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "least-squares": {},
        "gradient": {
            "optimizer": {"name": "sgd", "learning_rate": 0.05},
            "tolerance": 1e-3,
            "steps": 200,
        },
        "gauss-newton": {},
        "levenberg-marquardt": {},
        "bfgs": {},
    }

    def init(self, key: PRNGKeyArray) -> Float[Array, " terms"]:  # noqa: ARG002 - always the same
        """The coefficients to start from."""
        return self.start

    @property
    def data(self) -> FullBatch:
        """All points at every step."""
        return FullBatch((self.design, self.response))

    def residuals(
        self,
        unknowns: Float[Array, " terms"],
        batch: Batch,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, " points"], dict[str, Array]]:
        """√(2/n) (X β − y) for the n points of a batch; the metric `coefficients` is β."""
        design, response = batch
        scale = math.sqrt(2 / response.size)
        return scale * (predictions_of(design, unknowns) - response), {"coefficients": unknowns}

    def evaluate(self, unknowns: Float[Array, " terms"]) -> dict[str, Any]:
        """The coefficients with their classical statistics, lists in the order of `terms`.

        `coefficients`, `terms`, `standard_errors`, `residual_sum_of_squares`,
        `residual_standard_deviation`, `r_squared`. They are those of the coefficients given, which
        are not quite the best ones where a solver stopped early.
        """
        statistics = statistics_of(
            self.design, self.response, unknowns, intercept="intercept" in self.terms
        )
        return {"coefficients": unknowns, "terms": list(self.terms), **statistics._asdict()}

    def reference(self) -> Float[Array, " terms"]:
        """The coefficients of ordinary least squares, by Householder QR."""
        return coefficients_of(self.design, self.response)
