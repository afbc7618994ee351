"""The loss in training and on what was kept back, and the metrics, over passes over the data."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plugax import Solution

    from ._abstract_supervised import AbstractSupervised

TRAINING, VALIDATION = "#0072b2", "#d55e00"
WINDOWS = 120
WIDE = 20  # from this factor on an axis is logarithmic


def draw_curves(problem: "AbstractSupervised", solution: "Solution") -> "Figure":
    """A panel for the loss, and one for every metric that is a number."""
    from matplotlib.figure import Figure

    per_epoch = float(problem.data.steps_per_epoch or 1)
    part = "training" if problem.validation is None else "validation"
    metrics = [
        name
        for name in solution.metrics
        if name.startswith(f"{part}_") and np.ndim(solution.metrics[name]) == 0
    ]
    # The loss comes first, beside that of the batches.
    names = sorted(metrics, key=lambda name: name != f"{part}_loss") or [f"{part}_loss"]
    columns = min(len(names), 3)
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(0.6 + 3.8 * columns, 0.4 + 3.2 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, name in zip(panels, names, strict=False):
        if name == f"{part}_loss":
            every = solution.provenance["run"]["record_every"]
            steps, values = _averages(solution.series.get("loss", np.empty(0)), every)
            panel.plot(steps / per_epoch, values, color=TRAINING, lw=1.6, label="batches")
        if metrics:  # of a stream alone there are none
            steps, values = _evaluations(solution, name)
            colour = VALIDATION if part == "validation" else TRAINING
            panel.plot(steps / per_epoch, values, "o-", color=colour, lw=1.2, ms=3, label=part)
        panel.set(xlabel="epochs", ylabel=name.removeprefix(f"{part}_"), xlim=(0, None))
        _finish(panel)
    for panel in panels[len(names) :]:
        panel.remove()
    return figure


def _averages(values: np.ndarray, every: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean step and the mean value of each of some windows, since batches differ much.

    Arguments:
        values: the losses that were recorded.
        every: the steps from one to the next.
    """
    if not len(values):
        return np.empty(0), np.empty(0)
    windows = np.array_split(np.arange(len(values)), min(WINDOWS, len(values)))
    means = [np.mean(values[window], dtype=float) for window in windows]
    return every * np.array([window.mean() for window in windows]), np.array(means)


def _evaluations(solution: "Solution", name: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps and the values of a metric, that of the end included."""
    series = solution.evaluation_series
    steps = np.asarray(series.get("step", np.empty(0, int)))
    values = np.asarray(series[name] if len(steps) else np.empty(0), float)
    if solution.steps in steps:
        return steps, values
    return np.append(steps, solution.steps), np.append(values, float(solution.metrics[name]))


def _finish(panel: Any) -> None:
    """A logarithmic axis if values differ by orders of magnitude, a grid, a legend."""
    values = np.concatenate([line.get_ydata() for line in panel.lines])
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() > 0 and finite.max() > WIDE * finite.min():
        panel.set_yscale("log")
    panel.grid(color="#e6e6e6")
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(frameon=False)
