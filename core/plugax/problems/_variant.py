"""A problem in other variables, or from another start; still of the kind that it was."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..data import AbstractData
from ._constraint import AbstractConstraint, Box
from ._least_squares import AbstractLeastSquares, AbstractLinearLeastSquares
from ._log_density import AbstractLogDensity
from ._problem import AbstractProblem, Metrics

if TYPE_CHECKING:
    from ..solution import Solution


class AbstractVariant(AbstractProblem):
    """The problem L(u(z)), with its unknowns z, and everything else as it was.

    - `problem`: L(u).
    - `constraint`: u(z).
    - `start`: the unknowns u to start from; None for those of the problem.
    """

    problem: eqx.AbstractVar[Any]
    constraint: eqx.AbstractVar[AbstractConstraint]
    start: eqx.AbstractVar[PyTree | None]

    @property
    def recipes(self) -> Mapping[str, Mapping[str, Any]]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the problem."""
        return self.problem.recipes

    @property
    def precision(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """That of the problem."""
        return self.problem.precision

    @property
    def scores(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the problem."""
        return self.problem.scores

    def reseeded(self, seed: int) -> "AbstractVariant":
        """The same variant of the problem with other random data."""
        return dataclasses.replace(self, problem=self.problem.reseeded(seed))

    @property
    def data(self) -> AbstractData:
        """Those of the problem."""
        return self.problem.data

    def init(self, key: PRNGKeyArray) -> PyTree:
        """The free variables of the start."""
        return self.constraint.free(self.problem.init(key) if self.start is None else self.start)

    def constrained(self, unknowns: PyTree) -> PyTree:
        """The unknowns of the problem, u(z)."""
        return self.problem.constrained(self._inner(unknowns))

    def evaluate(self, unknowns: PyTree) -> Metrics:
        """What the problem says of u(z)."""
        return self.problem.evaluate(self._inner(unknowns))

    def summary(self, series: Mapping[str, np.ndarray]) -> Metrics:
        """What the problem says of the run."""
        return self.problem.summary(series)

    def figures(self, solution: "Solution") -> dict[str, Any]:
        """The problem's figures."""
        return self.problem.figures(solution)

    def _inner(self, unknowns: PyTree) -> PyTree:
        return self.constraint.constrained(unknowns)


class Variant(AbstractVariant):
    """A variant of any problem."""

    problem: AbstractProblem
    constraint: AbstractConstraint
    start: PyTree | None

    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """L(u(z))."""
        return self.problem.loss(self._inner(unknowns), batch, key)


class LogDensityVariant(AbstractVariant, AbstractLogDensity):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A variant of a log-density."""

    problem: AbstractLogDensity
    constraint: AbstractConstraint
    start: PyTree | None

    def log_density(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """ℓ(u(z))."""
        return self.problem.log_density(self._inner(unknowns), batch, key)


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


def variant(
    problem: AbstractProblem, constraint: AbstractConstraint, start: PyTree | None = None
) -> AbstractVariant:
    """The variant of a problem, of the same kind as far as the constraint lets it be."""
    curved = isinstance(constraint, Box)
    if isinstance(problem, AbstractLinearLeastSquares) and not curved:
        return LinearLeastSquaresVariant(problem, constraint, start)
    if isinstance(problem, AbstractLeastSquares):
        return LeastSquaresVariant(problem, constraint, start)
    # A density changes by the derivative of u(z) too, which a minimiser has no use for.
    if isinstance(problem, AbstractLogDensity) and not curved:
        return LogDensityVariant(problem, constraint, start)
    return Variant(problem, constraint, start)
