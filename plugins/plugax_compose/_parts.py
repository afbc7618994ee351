"""The parts of a composition: the problem and the data as each of them takes them."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from plugax import AbstractData, AbstractProblem, AbstractSolver
from plugax.plugins import origin_of
from plugax.problems import on_all_data


def seen_by(solver: AbstractSolver, problem: AbstractProblem) -> AbstractProblem:
    """The problem as a part takes it: on all data if it needs them, and if there is a whole."""
    if solver.needs_all_data and problem.data.whole is not None:
        return on_all_data(problem)
    return problem


def name_of(solver: AbstractSolver) -> str:
    """The name that a part was made by, or else its class."""
    return (origin_of(solver) or {}).get("name", type(solver).__name__)


def most_special(solvers: Sequence[AbstractSolver]) -> type[AbstractProblem]:
    """The kind of problem that all of them can solve, if one of their kinds is that."""
    kind = solvers[0].requires
    for solver in solvers[1:]:
        kind = solver.requires if issubclass(solver.requires, kind) else kind
    return kind


def rows_where(series: Mapping[str, np.ndarray], chosen: np.ndarray) -> dict[str, np.ndarray]:
    """The recorded metrics of some of the steps."""
    return {name: values[chosen] for name, values in series.items()}


class Together(AbstractData):
    """The batches of several data at once, in the order of the parts that take them.

    Parts that take the same batches share them.

    Attributes:
        different: the data.
        which: for every part, which of them it takes.
    """

    different: tuple[AbstractData, ...]
    which: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def of(
        cls, problem: AbstractProblem, solvers: Sequence[AbstractSolver], *, own: bool = False
    ) -> "Together":
        """The data of a problem as these solvers take them.

        Arguments:
            problem: the problem.
            solvers: the parts.
            own: whether those of the problem itself come last.
        """
        different: list[AbstractData] = []
        which: list[int] = []
        usual: dict[type, int] = {}

        def add(seen: AbstractProblem, solver: AbstractSolver | None) -> None:
            if solver is None or type(solver).data is AbstractSolver.data:
                if type(seen) not in usual:
                    usual[type(seen)] = len(different)
                    different.append(seen.data)
                which.append(usual[type(seen)])
            else:
                which.append(len(different))
                different.append(solver.data(seen))

        for solver in solvers:
            add(seen_by(solver, problem), solver)
        if own:
            add(problem, None)
        return cls(tuple(different), tuple(which))

    @property
    def steps(self) -> int | None:
        """As many as the shortest of them lasts."""
        return min((data.steps for data in self.different if data.steps is not None), default=None)

    @property
    def steps_per_epoch(self) -> int | Fraction | None:
        """That of the first that has epochs."""
        found = (data.steps_per_epoch for data in self.different)
        return next((steps for steps in found if steps is not None), None)

    @property
    def same_every_step(self) -> bool:
        """Whether all of them are."""
        return all(data.same_every_step for data in self.different)

    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> tuple[PyTree, ...]:
        """The cursors."""
        return tuple(data.init(key, step) for data in self.different)

    def next(
        self, cursor: tuple[PyTree, ...], key: PRNGKeyArray, step: Int[Array, ""]
    ) -> tuple[tuple[PyTree, ...], tuple[PyTree, ...]]:
        """A batch for every part, and the next cursors."""
        pairs = [
            data.next(own, key, step) for data, own in zip(self.different, cursor, strict=True)
        ]
        batches = tuple(pairs[place][0] for place in self.which)
        return batches, tuple(after for _, after in pairs)


def as_count(value: int | None) -> Int[Array, "..."] | None:
    """A number of steps as an array, which may change without another compilation."""
    return None if value is None else jnp.asarray(value, "int32")
