"""The observer `tensorboard`, by tensorboardX, which needs neither TensorFlow nor PyTorch."""

import importlib
import os
from typing import Any

from plugax import AbstractObserver, Population, Solution
from plugax.observers import Progress

from ._columns import of_evaluation, of_steps


class TensorBoard(AbstractObserver):
    """Writes scalars for TensorBoard: `tensorboard --logdir runs`.

    A resumed run goes on with the curves in its directory.

    Arguments:
        directory: where the files of the run are written.
        every: steps from one that is written to the next; evaluations are all written.
    """

    def __init__(self, directory: str | os.PathLike = "runs/plugax", every: int = 50):
        self.directory = os.fspath(directory)
        self.every = every
        self._writer: Any = None

    def on_start(self, steps: int) -> None:  # noqa: ARG002 - the first chunk tells where it begins
        """Close the files of a run before."""
        self._close()

    def on_progress(self, progress: Progress) -> None:
        """Write the scalars of the chunk."""
        if self._writer is None:
            writer = importlib.import_module("tensorboardX").SummaryWriter
            self._writer = writer(self.directory, purge_step=progress.first or None)
        rows = [*of_steps(progress).rows(self.every), *of_evaluation(progress).rows()]
        for step, values in rows:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def on_end(self, solution: Solution | Population) -> None:  # noqa: ARG002 - all is written
        """Close the files."""
        self._close()

    def on_error(self, error: BaseException) -> None:  # noqa: ARG002 - what is written stays
        """Close the files."""
        self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
