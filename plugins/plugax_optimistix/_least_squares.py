"""Optimistix's solvers of nonlinear least squares."""

from typing import ClassVar

from jaxtyping import PRNGKeyArray, PyTree

from plugax import AbstractLeastSquares, AbstractProblem

from ._solver import AbstractOptimistix, Vectorised


class LeastSquares(AbstractOptimistix[AbstractLeastSquares]):
    """A solver of optimistix for nonlinear least squares."""

    requires: ClassVar[type[AbstractProblem]] = AbstractLeastSquares

    def function(
        self, problem: AbstractLeastSquares, unknowns: PyTree, key: PRNGKeyArray
    ) -> Vectorised:
        """The residuals, as a function of the vector of unknowns."""
        return Vectorised(problem, unknowns, key, residuals=True)
