"""The observer `wandb`, for Weights and Biases."""

import importlib
import os
from typing import Any, Literal

from plugax import AbstractObserver, Population, Solution
from plugax.observers import Progress

from ._columns import of_evaluation, of_steps
from ._options import options_of


class WeightsAndBiases(AbstractObserver):
    """Logs the metrics, and at the end the options, for Weights and Biases.

    By default nothing leaves the machine: the files in `directory` are sent later by `wandb sync`.

    Arguments:
        project: the name of the project.
        directory: where the files are written.
        mode: offline writes files only; online sends them at once, and needs an account.
        every: steps from one that is logged to the next; evaluations are all logged.
    """

    def __init__(
        self,
        project: str = "plugax",
        directory: str | os.PathLike = ".",
        mode: Literal["offline", "online"] = "offline",
        every: int = 50,
    ):
        self.project, self.directory = project, os.fspath(directory)
        self.mode, self.every = mode, every
        self._run: Any = None

    def on_start(self, steps: int) -> None:  # noqa: ARG002 - not of interest there
        """Begin a run there."""
        wandb = importlib.import_module("wandb")
        self._run = wandb.init(project=self.project, dir=self.directory, mode=self.mode)

    def on_progress(self, progress: Progress) -> None:
        """Log the scalars of the chunk."""
        rows = [*of_steps(progress).rows(self.every), *of_evaluation(progress).rows()]
        for step, values in rows:
            self._run.log(values, step=step)

    def on_end(self, solution: Solution | Population) -> None:
        """Log the options, and end the run."""
        self._run.config.update(options_of(solution))
        self._end(0)

    def on_error(self, error: BaseException) -> None:  # noqa: ARG002 - it has no place there
        """End the run as failed."""
        self._end(1)

    def _end(self, exit_code: int) -> None:
        if self._run is not None:
            self._run.finish(exit_code=exit_code)
        self._run = None
