"""The observer `progress`: what it says of a run; where it is drawn, others know."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

import plugax
from plugax import AbstractObserver

from ._notebook import NotebookLine, in_notebook
from ._terminal import TerminalBar

# How many numbers of an evaluation fit into a line.
SCALARS = 2


class ProgressBar(AbstractObserver):
    """Shows steps, loss, rate and the last evaluation of a run.

    In a terminal the bar disappears at the end. In a notebook (JupyterLab, VS Code) one line stays,
    with how the run ended; ipywidgets are not needed. Nothing is shown if the console is neither,
    such as a log file.

    Arguments:
        console: a `rich.console.Console` to draw on; if None, the notebook's cell in a notebook and
            standard error elsewhere.
    """

    def __init__(self, console: Any = None):
        self._console = console
        self._drawn: TerminalBar | NotebookLine | None = None
        self._figures = self._evaluation = ""

    def on_start(self, steps: int) -> None:
        """Show an empty bar: compilation comes first."""
        self._end("")
        self._figures = self._evaluation = ""
        own = self._console is None and in_notebook()
        self._drawn = NotebookLine(steps) if own else TerminalBar(steps, self._console)

    def on_progress(self, progress: plugax.observers.Progress) -> None:
        """Move the bar to the present step of the run."""
        if self._drawn is None:
            return
        self._evaluation = scalars_of(progress.evaluation) or self._evaluation
        self._figures = f"{figures_of(progress)}{self._evaluation}"
        self._drawn.move(progress.step, self._figures)

    def on_end(self, solution: plugax.Solution | plugax.Population) -> None:
        """Take the bar away, or leave a line that says how the run ended."""
        self._end(outcome_of(solution) if isinstance(self._drawn, NotebookLine) else "")

    def on_error(self, error: BaseException) -> None:
        """Take the bar away, so that the error is on a line of its own."""
        self._end(type(error).__name__)

    def _end(self, outcome: str) -> None:
        if self._drawn is not None:
            self._drawn.end(outcome, self._figures)
        self._drawn = None


def outcome_of(solution: plugax.Solution | plugax.Population) -> str:
    """How a run ended: `converged`, or of a population `3 converged, 1 stalled`."""
    if isinstance(solution, plugax.Solution):
        return solution.status.name
    counts = Counter(solution.names.ravel().tolist())
    return ", ".join(f"{count} {name}" for name, count in counts.items())


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
