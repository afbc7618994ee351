"""The result of a search."""

import dataclasses
import math
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import plugax as px
from plugax import AbstractProblem, AbstractSolver, PlugaxError, Population, Solution

if TYPE_CHECKING:
    from optuna import Study


@dataclasses.dataclass(frozen=True)
class Search:
    """The trials of a search, and the populations in which they were run.

    Attributes:
        study: Optuna's study: all trials, for `optuna.importance` and `optuna.visualization`.
        populations: the populations of this call, by the number of the batch.
        by: the name of the figure of merit.
        largest: whether the largest is the best.
        batch: the number of trials in a population.
        directory: where the search is saved; None if it is not.
        given: the problem and the solver, as they were given.
    """

    study: "Study"
    populations: Mapping[int, Population]
    by: str
    largest: bool
    batch: int
    directory: pathlib.Path | None
    given: tuple[AbstractProblem | str, AbstractSolver | str | None]

    def best(self) -> Solution:
        """The best run; over several seeds, the best run of the best trial.

        Errors: `PlugaxError` if no trial has a finite figure.
        """
        told = {trial.number: trial.value for trial in self.study.trials}
        finite = {n: x for n, x in told.items() if x is not None and math.isfinite(x)}
        if not finite:
            raise PlugaxError(f"No trial has a finite {self.by!r}.")
        best = (max if self.largest else min)(finite, key=lambda number: finite[number])
        number, place = divmod(best, self.batch)
        population = self._population(number)
        figures = population.figure_of_merit(self.by, largest=self.largest)
        figures = figures.reshape(self.batch, -1)[place]
        seed = int(figures.argmin())
        axes = population.swept
        return population.member(**{name: place if name == "points" else seed for name in axes})

    def _population(self, number: int) -> Population:
        """The population of a batch, from memory or from its directory."""
        if number in self.populations or self.directory is None:
            return self.populations[number]
        names: dict[str, Any] = dict(zip(("problem", "solver"), self.given, strict=True))
        made = {k: x for k, x in names.items() if x is not None and not isinstance(x, str)}
        return px.load(self.directory / directory_of(number), **made)


def directory_of(number: int) -> str:
    """The name of the directory of a batch."""
    return f"batch-{number:04}"
