"""Optimistix's minimisers, for any smooth loss."""

from jaxtyping import PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._solver import AbstractOptimistix, Vectorised


class Minimiser(AbstractOptimistix[AbstractProblem]):
    """A minimiser of optimistix, for any smooth loss."""

    def function(self, problem: AbstractProblem, unknowns: PyTree, key: PRNGKeyArray) -> Vectorised:
        """The loss, as a function of the vector of unknowns."""
        return Vectorised(problem, unknowns, key, residuals=False)
