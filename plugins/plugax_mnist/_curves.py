"""Loss and accuracy by epoch, for the training batches and for the test set."""

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ._draw import TEST, TRAINING, plain_axes

if TYPE_CHECKING:
    from plugax import Solution

WINDOWS = 120
PANELS = (
    ("loss", "test_loss", "loss (cross-entropy)", 1),
    ("accuracy", "test_accuracy", "accuracy [%]", 100),
)


def draw_curves(solution: "Solution", steps_per_epoch: Fraction) -> Figure:
    """Two panels over epochs; without evaluations during the run, the end is a dot."""
    figure, per_epoch = Figure(figsize=(9, 3.8), layout="constrained"), float(steps_per_epoch)
    for axes, (name, test_name, label, factor) in zip(figure.subplots(1, 2), PANELS, strict=True):
        steps, values = average(solution.series.get(name, np.empty(0)))
        axes.plot(steps / per_epoch, factor * values, color=TRAINING, lw=1.6, label="training")
        steps, values = evaluations_of(solution, test_name)
        axes.plot(steps / per_epoch, factor * values, "o-", color=TEST, lw=1.6, ms=4, label="test")
        axes.set(xlabel="epochs", ylabel=label, xlim=(0, None))
        if factor == 1 and all((line.get_ydata() > 0).all() for line in axes.lines):
            axes.set_yscale("log")
        if factor == 100 and any(len(line.get_ydata()) for line in axes.lines):
            lowest = _lowest([line.get_ydata() for line in axes.lines])
            axes.set_ylim(lowest, 100 + 0.03 * (100 - lowest))
        plain_axes(axes)
        axes.legend(frameon=False)
    return figure


def average(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean step and the mean value of each of some windows, since batches differ much."""
    windows = max(1, min(WINDOWS, len(values)))
    steps = np.array_split(np.arange(len(values)), windows)
    steps = [window for window in steps if window.size]
    means = [np.mean(values[window], dtype=float) for window in steps]
    return np.asarray([np.mean(window) for window in steps]), np.asarray(means)


def evaluations_of(solution: "Solution", name: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values of a figure of merit, the end included."""
    series = solution.evaluation_series
    steps = np.asarray(series.get("step", np.empty(0, int)))
    values = np.asarray(series[name] if len(steps) else np.empty(0), float)
    if name in solution.metrics and solution.steps not in steps:
        steps = np.append(steps, solution.steps)
        values = np.append(values, np.asarray(solution.metrics[name], float))
    return steps, values


def _lowest(curves: list[np.ndarray]) -> float:
    """The lower end of the axis of accuracies; the first steps would hide the rest."""
    tenths = [np.quantile(curve, 0.1) for curve in curves if len(curve)]
    return max(0.0, float(min(tenths)) - 0.5)
