"""Optimistix's minimisers, for any smooth loss."""

from jaxtyping import PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._function import Loss
from ._solver import AbstractOptimistix


class Minimiser(AbstractOptimistix[AbstractProblem]):
    """A minimiser of optimistix, for any smooth loss."""

    def function(self, problem: AbstractProblem, unknowns: PyTree, key: PRNGKeyArray) -> Loss:
        """The loss."""
        return Loss(problem, unknowns, key)
