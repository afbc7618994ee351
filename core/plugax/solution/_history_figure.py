"""The figure that every run has: its metrics over the steps."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS, EVALUATIONS = "#0072b2", "#d55e00"
MOST_PANELS = 9


def history_figure(
    series: Mapping[str, np.ndarray],
    evaluations: Mapping[str, np.ndarray],
    *,
    every: int = 1,
    sweep: tuple[int, ...] = (),
) -> "Figure | None":
    """One panel per metric that is a number at every step, loss first; None if there is none.

    Arguments:
        series: the metrics of every step by name, `(*sweep, steps, …)`; a line for every member.
        evaluations: the evaluations during the run by name, and their steps as `step`.
        every: steps from one row of the series to the next.
        sweep: the shape of the sweep, if the run is that of a population.
    """
    from matplotlib.figure import Figure

    at = evaluations.get("step", np.arange(0))
    # Evaluated after n steps: at the unknowns that step n starts from.
    lines = lambda values: as_float(values).reshape((-1, *np.shape(values)[len(sweep) :]))  # noqa: E731
    curves = {
        name: (every * np.arange(values.shape[len(sweep)]), lines(values), "-", STEPS)
        for name, values in series.items()
    }
    dots = {n: (at, lines(v), "o-", EVALUATIONS) for n, v in evaluations.items() if n != "step"}
    names = [
        name
        for name in sorted({**curves, **dots}, key=lambda name: (name != "loss", name))
        if all(is_curve(given[name][1], 2) for given in (curves, dots) if name in given)
    ][:MOST_PANELS]
    if not names:
        return None
    columns = math.ceil(math.sqrt(len(names)))
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(1 + 3.6 * columns, 0.4 + 2.6 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(panels, names, strict=False):
        _draw(axes, name, [given[name] for given in (curves, dots) if name in given])
    for axes in panels[len(names) :]:
        axes.remove()
    return figure


def is_curve(values: np.ndarray, axes: int) -> bool:
    """Whether a metric can be drawn: real numbers, one for every step, with so many axes in all."""
    return values.ndim == axes and values.size > 0 and values.dtype.kind in "fiubV"


def as_float(values: np.ndarray) -> np.ndarray:
    """The values; bfloat16 and its like, which NumPy and Matplotlib know little of, as float32."""
    return values.astype(np.float32) if values.dtype.kind == "V" else values


def _draw(axes: Any, name: str, lines: list[tuple[np.ndarray, np.ndarray, str, str]]) -> None:
    for steps, values, style, colour in lines:
        width, alpha = (1.4, 1.0) if len(values) == 1 else (0.7, 0.5)
        axes.plot(steps, values.T, style, color=colour, lw=width, alpha=alpha, ms=4)
    finite = np.concatenate([values[np.isfinite(values)] for _, values, _, _ in lines])
    # Orders of magnitude can be seen only on a logarithmic axis.
    if finite.size and finite.min() > 0 and finite.max() > 100 * finite.min():
        axes.set_yscale("log")
    axes.set(xlabel="step", ylabel=name)
    axes.grid(color="#e6e6e6")
    axes.spines[["top", "right"]].set_visible(False)
