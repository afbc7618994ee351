"""Least squares: the loss is half a squared norm, and solvers can use the residuals."""

import abc
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ._constraint import AbstractConstraint
from ._problem import AbstractProblem, Metrics
from ._variant import AbstractVariant


class AbstractLeastSquares(AbstractProblem):
    """Minimise ½‖r(u)‖²; a subclass defines the residuals r.

    Law: `loss` is half the squared norm of `residuals`.
    """

    laws: ClassVar[str | None] = "plugax.testing.kinds._kinds:LEAST_SQUARES"

    @abc.abstractmethod
    def residuals(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[PyTree[Array], Metrics]:
        """The residuals r(u) on one batch, divided by their standard deviations; and metrics."""

    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """½‖r(u)‖², and the metrics of the residuals."""
        residuals, metrics = self.residuals(unknowns, batch, key)
        squares = [jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(residuals)]
        return sum(squares[1:], start=squares[0]) / 2, metrics

    def in_variables(self, constraint: AbstractConstraint, start: PyTree | None) -> AbstractProblem:
        """½‖r(u(z))‖²."""
        return LeastSquaresVariant(self, constraint, start)


class AbstractLinearLeastSquares(AbstractLeastSquares):
    """Least squares whose residuals are affine in the unknowns: r(u) = A u − b.

    Law: the Jacobian of `residuals` is the same for all unknowns. So one linear solve, at any
    point, finds the minimum; a subclass needs nothing else.
    """

    laws: ClassVar[str | None] = "plugax.testing.kinds._kinds:LINEAR_LEAST_SQUARES"

    def in_variables(self, constraint: AbstractConstraint, start: PyTree | None) -> AbstractProblem:
        """½‖A u(z) − b‖², linear least squares if u(z) is affine."""
        kind = LinearLeastSquaresVariant if constraint.affine else LeastSquaresVariant
        return kind(self, constraint, start)


class LeastSquaresVariant(AbstractVariant, AbstractLeastSquares):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A variant of a least-squares problem."""

    problem: AbstractLeastSquares
    constraint: AbstractConstraint
    start: PyTree | None

    def residuals(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[PyTree[Array], Metrics]:
        """r(u(z))."""
        return self.problem.residuals(self._inner(unknowns), batch, key)


class LinearLeastSquaresVariant(AbstractVariant, AbstractLinearLeastSquares):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A variant of a linear least-squares problem whose u(z) is affine."""

    problem: AbstractLinearLeastSquares
    constraint: AbstractConstraint
    start: PyTree | None

    def residuals(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[PyTree[Array], Metrics]:
        """r(u(z))."""
        return self.problem.residuals(self._inner(unknowns), batch, key)
