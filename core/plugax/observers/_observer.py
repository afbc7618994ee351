"""The interface of observers: called after every chunk, never inside compiled code."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import PyTree

if TYPE_CHECKING:
    from ..solution import Population, Solution


@dataclasses.dataclass(frozen=True)
class Progress:
    """The progress of a run, or of all members of a population.

    The arrays of a population have the axes of the sweep in front of those named here; a single run
    has no such axes.

    Attributes:
        step: the number of steps done.
        steps: the number of steps asked for.
        metrics: the metrics of the last chunk's steps by name, `(steps, …)`; only those recorded.
        last: all metrics of the last step by name, `(…)`.
        evaluation: the results of `problem.evaluate` if the last chunk ended with an evaluation;
            else empty.
        running: whether the run goes on, `()`; a member that converged or failed does not.
        seconds: the run time so far, without compilation.
        unknowns: a function that returns the present unknowns, which are then copied.
        first: the number of the chunk's first step; 0 in the first chunk of a run, unless the run
            is resumed.
        recorded: the numbers of the steps that `metrics` has, `(steps,)`.
        evaluations: a function that returns all evaluations so far by name, `(evaluations, …)`, and
            after how many steps they were made, in `step`; those of a run that is resumed are among
            them.
    """

    step: int
    steps: int
    metrics: Mapping[str, np.ndarray]
    last: Mapping[str, np.ndarray]
    evaluation: Mapping[str, np.ndarray]
    running: np.ndarray
    seconds: float
    unknowns: Callable[[], PyTree]
    first: int = 0
    recorded: np.ndarray = dataclasses.field(default_factory=lambda: np.arange(0))
    evaluations: Callable[[], Mapping[str, np.ndarray]] = dict

    @property
    def rate(self) -> float:
        """Steps per second so far."""
        return self.step / self.seconds if self.seconds > 0 else 0.0


class AbstractObserver:
    """Follows a run on the host; override the methods you need."""

    def on_start(self, steps: int) -> None:
        """A run of at most `steps` steps begins; nothing is compiled yet."""

    def on_progress(self, progress: Progress) -> bool | None:
        """A chunk has ended. Return True to stop the run here."""

    def on_end(self, solution: "Solution | Population") -> None:
        """The run has ended, successfully or not."""

    def on_error(self, error: BaseException) -> None:
        """The run ended with the exception `error`, and there is no solution."""
