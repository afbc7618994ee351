"""Least squares: the loss is half a squared norm, and a solver may look inside."""

import abc

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ._problem import AbstractProblem, Metrics


class AbstractLeastSquares(AbstractProblem):
    """Minimise ½‖r(u)‖², where a subclass brings the residuals r.

    Law: `loss` is half the squared norm of `residuals`.
    """

    @abc.abstractmethod
    def residuals(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[PyTree[Array], Metrics]:
        """The residuals r(u) on one batch, each divided by its standard deviation; and metrics."""

    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """½‖r(u)‖², and the metrics of the residuals."""
        residuals, metrics = self.residuals(unknowns, batch, key)
        squares = [jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(residuals)]
        return sum(squares[1:], start=squares[0]) / 2, metrics


class AbstractLinearLeastSquares(AbstractLeastSquares):
    """Least squares whose residuals are affine in the unknowns: r(u) = A u − b.

    Law: the Jacobian of `residuals` is the same at all unknowns. So one linear solve, at any point,
    finds the minimum; nothing else is asked of a subclass.
    """
