"""The observer `progress`: the progress of a run, drawn by rich."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import plugax
from plugax import AbstractObserver

# Drawing blocks the interpreter for about a millisecond, which is negligible four times a second.
REFRESHES_PER_SECOND = 4
# How many numbers of an evaluation fit into a line.
SCALARS = 2


class ProgressBar(AbstractObserver):
    """Shows steps, loss, rate and the last evaluation of a run, and disappears at the end.

    Nothing is shown if the console is not a terminal, such as a log file.

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

    def on_progress(self, progress: plugax.observers.Progress) -> None:
        """Move the bar to the present step of the run."""
        if self._bar is None or self._task is None:
            return
        self._evaluation = scalars_of(progress.evaluation) or self._evaluation
        figures = f"{figures_of(progress)}{self._evaluation}"
        self._bar.update(
            self._task, completed=progress.step, description="running", figures=figures
        )

    def on_end(self, solution: plugax.Solution | plugax.Population) -> None:  # noqa: ARG002 - the interface's
        """Take the bar away."""
        self._stop()

    def on_error(self, error: BaseException) -> None:  # noqa: ARG002 - the interface's
        """Remove the bar, so that the error is on a line of its own."""
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = None


def figures_of(progress: plugax.observers.Progress) -> str:
    """The last loss and the rate, such as `loss 0.0123  4.5e+03 steps/s`.

    Of a population the median of all losses, and how many members are still running.
    """
    running = progress.running
    losses = progress.last.get("loss", np.asarray(np.nan))
    loss = f"loss {np.nanmedian(losses):.4g}  " if np.isfinite(losses).any() else ""
    members = f"{running.sum()} of {running.size} running  " if running.ndim else ""
    return f"{loss}{members}{rate_of(progress.rate)}"


def scalars_of(evaluation: Mapping[str, np.ndarray]) -> str:
    """At most two scalars of an evaluation, as in `  test_accuracy 0.981  test_loss 0.0641`."""
    # Those of a population are arrays, of which a line cannot say much.
    scalars = [(name, value) for name, value in evaluation.items() if value.ndim == 0]
    return "".join(f"  {name} {value:.4g}" for name, value in scalars[:SCALARS])


def rate_of(rate: float) -> str:
    """Steps per second, as a number of at most four digits."""
    for factor, prefix in ((1e6, "M"), (1e3, "k")):
        if rate >= factor:
            return f"{rate / factor:.3g} {prefix}steps/s"
    return f"{rate:.3g} steps/s"
