"""A problem in other variables, or from another start."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..data import AbstractData
from ._constraint import AbstractConstraint
from ._problem import AbstractProblem, Metrics
from ._variation import Variation, remember_variation

if TYPE_CHECKING:
    from ..solution import Solution, Table


class AbstractVariant(AbstractProblem):
    """The problem L(u(z)) with the unknowns z; everything else is unchanged.

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

    @property
    def may_be_infinite(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the problem."""
        return self.problem.may_be_infinite

    def reseeded(self, seed: int) -> "AbstractVariant":
        """The same variant of the problem with other random data."""
        return dataclasses.replace(self, problem=self.problem.reseeded(seed))

    @property
    def data(self) -> AbstractData:
        """Those of the problem."""
        return self.problem.data

    def init(self, key: PRNGKeyArray) -> PyTree:
        """The free variables of the start."""
        return self.constraint.begin(self.problem.init(key) if self.start is None else self.start)

    def constrained(self, unknowns: PyTree) -> PyTree:
        """The unknowns of the problem, u(z)."""
        return self.problem.constrained(self._inner(unknowns))

    def evaluate(self, unknowns: PyTree) -> Metrics:
        """The problem's figures of merit for u(z), given which of u the constraint holds."""
        return self._evaluate(unknowns, None)

    def evaluate_held(self, unknowns: PyTree, held: PyTree) -> Metrics:
        """The problem's figures of merit for u(z) if some of z were held too."""
        return self._evaluate(unknowns, held)

    def _evaluate(self, unknowns: PyTree, held: PyTree | None) -> Metrics:
        inner = self._inner(unknowns)
        held = self.constraint.held(inner, held)
        if held is None:
            return self.problem.evaluate(inner)
        return self.problem.evaluate_held(inner, held)

    def summary(self, series: Mapping[str, np.ndarray]) -> Metrics:
        """The problem's figures of merit for the run."""
        return self.problem.summary(series)

    def remarks(self, series: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        """The problem's remarks on the run."""
        return self.problem.remarks(series)

    def tables(self, solution: "Solution") -> "tuple[Table, ...]":
        """The problem's tables."""
        return self.problem.tables(solution)

    def predict(self, solution: "Solution", inputs: Any, **options: Any) -> Any:
        """What the problem predicts."""
        return self.problem.predict(solution, inputs, **options)

    def predict_table(self, solution: "Solution", data: Any) -> Mapping[str, Any]:
        """What the problem predicts for every row of a table."""
        return self.problem.predict_table(solution, data)

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


def variant(
    problem: AbstractProblem, constraint: AbstractConstraint, start: PyTree | None = None
) -> AbstractProblem:
    """The problem in other variables, of the same kind if the constraint allows that."""
    of_its_kind = problem.in_variables(constraint, start)
    made = Variant(problem, constraint, start) if of_its_kind is None else of_its_kind
    remember_variation(made, Variation(problem, constraint, start))
    return made
