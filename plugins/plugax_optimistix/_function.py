"""A problem as optimistix calls it: a function of the vector of unknowns, and of the batch."""

import abc
from typing import Generic

import equinox as eqx
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractLeastSquares, AbstractProblem
from plugax.solvers import Problem

Metrics = dict[str, Array]


class AbstractFunction(eqx.Module, Generic[Problem]):
    """What is minimised, for a vector of n unknowns in the default precision.

    Integers, functions and static fields among the unknowns stay as they are.

    Attributes:
        problem: the problem, which computes in the precision of its unknowns.
        unknowns: unknowns of the problem.
        key: the random key for the problem.
    """

    problem: Problem
    unknowns: PyTree
    key: PRNGKeyArray

    @abc.abstractmethod
    def __call__(self, vector: Float[Array, " n"], batch: PyTree) -> tuple[Array, Metrics]:
        """The value in the default precision; the problem's metrics and the `loss`."""

    def vector(self) -> Float[Array, " n"]:
        """The unknowns' floating-point arrays as one vector, in their own precision."""
        return ravel_pytree(eqx.filter(self.unknowns, eqx.is_inexact_array))[0]

    def rebuild(self, vector: Float[Array, " n"]) -> PyTree:
        """The unknowns of a vector."""
        free, fixed = eqx.partition(self.unknowns, eqx.is_inexact_array)
        joined, unravel = ravel_pytree(free)
        return eqx.combine(unravel(vector.astype(joined.dtype)), fixed)


class Loss(AbstractFunction[AbstractProblem]):
    """The loss f(u)."""

    def __call__(self, vector: Float[Array, " n"], batch: PyTree) -> tuple[Array, Metrics]:
        """A scalar."""
        loss, metrics = self.problem.loss(self.rebuild(vector), batch, self.key)
        return loss.astype(float), {**metrics, "loss": loss}


class Residuals(AbstractFunction[AbstractLeastSquares]):
    """The residuals r(u) of a least-squares problem, whose loss is ½‖r‖²."""

    def __call__(self, vector: Float[Array, " n"], batch: PyTree) -> tuple[Array, Metrics]:
        """One vector."""
        tree, metrics = self.problem.residuals(self.rebuild(vector), batch, self.key)
        residuals = ravel_pytree(tree)[0]
        return residuals.astype(float), {**metrics, "loss": residuals @ residuals / 2}
