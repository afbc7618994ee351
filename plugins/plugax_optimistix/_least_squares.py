"""Optimistix's solvers of nonlinear least squares."""

from typing import ClassVar

from jaxtyping import PRNGKeyArray, PyTree

from plugax import AbstractLeastSquares, AbstractProblem

from ._function import Residuals
from ._solver import AbstractOptimistix


class LeastSquares(AbstractOptimistix[AbstractLeastSquares]):
    """A solver of optimistix for nonlinear least squares."""

    requires: ClassVar[type[AbstractProblem]] = AbstractLeastSquares

    def function(
        self, problem: AbstractLeastSquares, unknowns: PyTree, key: PRNGKeyArray
    ) -> Residuals:
        """The residuals."""
        return Residuals(problem, unknowns, key)
