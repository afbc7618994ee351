"""Optimistix's minimisers, for any smooth loss."""

from collections.abc import Mapping
from typing import Any, ClassVar

from jaxtyping import PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._function import Loss
from ._solver import AbstractOptimistix


class Minimiser(AbstractOptimistix[AbstractProblem]):
    """A minimiser of optimistix, for any smooth loss."""

    # The simplest of the bundled problems; gradient descent converges on few others.
    example: ClassVar[Mapping[str, Any]] = {"problem": {"name": "regression"}}

    def function(self, problem: AbstractProblem, unknowns: PyTree, key: PRNGKeyArray) -> Loss:
        """The loss."""
        return Loss(problem, unknowns, key)
