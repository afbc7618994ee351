"""The observer `early-stopping`.

With values m_1, m_2, … of a metric, of which small ones are good, the best is replaced by m_i if

    m_i < best − minimum_change

and the run ends when `patience` values in a row have not done so. Source: Prechelt, 1998, Early
stopping — but when?, doi:10.1007/3-540-49430-8_3.
"""

import warnings
from typing import Literal

import numpy as np

from plugax import AbstractObserver, PlugaxError, Population, Solution
from plugax.errors import PluginWarning, did_you_mean
from plugax.observers import Progress


class EarlyStopping(AbstractObserver):
    """Ends a run when a metric has not improved for some time.

    The metric is one of the evaluations (`evaluate_every`) if these have one of that name; then the
    run ends at the same step on every machine, resumed or not. Otherwise it is a metric of the
    steps that are recorded, and the run ends at the end of a chunk: give `chunk` to have it end at
    the same step everywhere. A population ends when the metric of no member improves any more.

    Arguments:
        metric: its name, of a scalar.
        patience: how many values in a row may be no better than the best before them.
        minimum_change: by how much a value has to be better than the best to count.
        mode: whether the smallest (min) or the largest (max) is the best.

    Errors: `PlugaxError` for a number below its bound, and if no scalar has the name.
    """

    def __init__(
        self,
        metric: str = "loss",
        patience: int = 5,
        minimum_change: float = 0.0,
        mode: Literal["min", "max"] = "min",
    ):
        if patience < 1:
            raise ValueError(f"patience must be at least 1; got {patience}.")
        if not minimum_change >= 0:
            raise ValueError(f"minimum_change must not be negative; got {minimum_change}.")
        self.metric, self.patience = metric, patience
        self.minimum_change, self.mode = minimum_change, mode
        self._of_steps: list[np.ndarray] = []
        self._found = False

    def on_start(self, steps: int) -> None:  # noqa: ARG002 - it ends the run before
        """Forget the run before."""
        self._of_steps, self._found = [], False

    def on_progress(self, progress: Progress) -> bool:
        """Whether the metric has not improved for long enough."""
        evaluated = progress.evaluations()
        if self.metric in evaluated:
            self._found = True
            return bool(progress.evaluation) and self._is_over(evaluated[self.metric], progress)
        if self.metric in progress.metrics:
            self._found = True
            self._of_steps.append(progress.metrics[self.metric])
            return self._is_over(np.concatenate(self._of_steps, axis=-1), progress)
        if evaluated:  # before that, the first evaluation may have it
            known = [name for name in (*evaluated, *progress.metrics) if name != "step"]
            raise PlugaxError(
                f"The observer early-stopping finds no metric {self.metric!r}."
                f"{did_you_mean(self.metric, known)} There are {', '.join(known)}."
            )
        return False

    def on_end(self, solution: Solution | Population) -> None:
        """Warn if the metric was never there."""
        if not self._found:
            known = [*solution.evaluation_series, *solution.series, *solution.metrics]
            message = (
                f"The observer early-stopping found no metric {self.metric!r}, and had nothing to "
                f"do.{did_you_mean(self.metric, known)} One of problem.evaluate needs "
                "evaluate_every; one of the steps has to be recorded."
            )
            warnings.warn(PluginWarning(message), stacklevel=2)

    def _is_over(self, values: np.ndarray, progress: Progress) -> bool:
        """Whether no running member improves any more; `values` are `(*sweep, values)`."""
        if values.ndim != progress.running.ndim + 1:
            raise PlugaxError(
                f"The observer early-stopping needs a scalar; {self.metric!r} has the shape "
                f"{values.shape[progress.running.ndim + 1 :]}."
            )
        since = waited(values if self.mode == "min" else -values, self.minimum_change)
        return bool(np.all((since >= self.patience) | ~progress.running))


def waited(values: np.ndarray, minimum_change: float) -> np.ndarray:
    """How many values have come since the best, `(…, values)` → `(…)`; NaN is no improvement."""
    best = np.full(values.shape[:-1], np.inf)
    since = np.zeros(values.shape[:-1], int)
    for value in np.moveaxis(values, -1, 0):
        better = value < best - minimum_change
        best, since = np.where(better, value, best), np.where(better, 0, since + 1)
    return since
