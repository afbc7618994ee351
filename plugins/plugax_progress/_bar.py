"""The observer `progress`: where a run stands, drawn by rich."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import plugax
from plugax import AbstractObserver

# Drawing takes the interpreter for about a millisecond: four times a second nobody misses it.
REFRESHES_PER_SECOND = 4
# Figures of an evaluation that a line has room for.
SCALARS = 2


class ProgressBar(AbstractObserver):
    """Shows steps, loss, rate and the last evaluation of a run, and leaves nothing behind.

    Nothing is shown where the console is no terminal: a log file has no use for it.

    Arguments:
        console: a `rich.console.Console` to draw on; standard error if None.
    """

    def __init__(self, console: Any = None):
        self._console = console
        self._bar: Progress | None = None
        self._task = None
        self._evaluation = ""

    def on_start(self, steps: int) -> None:
        """Show an empty bar: compilation comes first."""
        self._stop()
        self._evaluation = ""
        console = self._console or Console(stderr=True)
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            console=console,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = bar.add_task("compiling", total=steps, figures="")
        bar.start()
        self._bar = bar

    def on_progress(self, progress: plugax.Progress) -> None:
        """Move the bar to where the run is."""
        if self._bar is None or self._task is None:
            return
        self._evaluation = scalars_of(progress.evaluation) or self._evaluation
        figures = f"{figures_of(progress)}{self._evaluation}"
        self._bar.update(
            self._task, completed=progress.step, description="running", figures=figures
        )

    def on_end(self, solution: plugax.Solution) -> None:  # noqa: ARG002 - the interface's
        """Take the bar away."""
        self._stop()

    def on_error(self, error: BaseException) -> None:  # noqa: ARG002 - the interface's
        """Take the bar away, so that the error stands on a line of its own."""
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = None


def figures_of(progress: plugax.Progress) -> str:
    """The last loss and the rate, as `loss 0.0123  4.5e+03 steps/s`."""
    losses = progress.metrics["loss"]
    loss = f"loss {losses[-1]:.4g}  " if len(losses) else ""
    return f"{loss}{rate_of(progress.rate)}"


def scalars_of(evaluation: Mapping[str, np.ndarray]) -> str:
    """The scalars of an evaluation, two at most, as `  test_accuracy 0.981  test_loss 0.0641`."""
    scalars = [(name, value) for name, value in evaluation.items() if value.ndim == 0]
    return "".join(f"  {name} {value:.4g}" for name, value in scalars[:SCALARS])


def rate_of(rate: float) -> str:
    """Steps a second in a number of at most four digits."""
    for factor, prefix in ((1e6, "M"), (1e3, "k")):
        if rate >= factor:
            return f"{rate / factor:.3g} {prefix}steps/s"
    return f"{rate:.3g} steps/s"
