"""The interface of observers: told after every chunk, never inside compiled code."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import PyTree

if TYPE_CHECKING:
    from ..solution import Solution


@dataclasses.dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        step: steps done.
        steps: steps asked for.
        metrics: the metrics of the last chunk's steps, one array a name, steps along axis 0.
        evaluation: what `problem.evaluate` says now, where the last chunk ended with an evaluation;
            else empty.
        seconds: run time so far, compilation not counted.
        unknowns: a function that gives the unknowns of now; calling it costs a transfer.
    """

    step: int
    steps: int
    metrics: Mapping[str, np.ndarray]
    evaluation: Mapping[str, np.ndarray]
    seconds: float
    unknowns: Callable[[], PyTree]

    @property
    def rate(self) -> float:
        """Steps per second so far."""
        return self.step / self.seconds if self.seconds > 0 else 0.0


class AbstractObserver:
    """Listens to a run on the host; override what is wanted."""

    def on_start(self, steps: int) -> None:
        """A run of at most `steps` steps begins; nothing is compiled yet."""

    def on_progress(self, progress: Progress) -> bool | None:
        """A chunk has ended. Return True to stop the run here."""

    def on_end(self, solution: "Solution") -> None:
        """The run has ended, well or not."""

    def on_error(self, error: BaseException) -> None:
        """The run broke off with `error`, and there is no solution."""
