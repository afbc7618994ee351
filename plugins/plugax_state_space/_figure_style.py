"""What the figures of state-space problems have in common: colours, labels, means in time."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ._burn_in import after_burn_in

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._state_space import AbstractStateSpace

# Colours that colour-blind readers can distinguish (Okabe and Ito), and greys.
ANALYSIS, OBSERVATIONS, SPREAD, SMOOTHED = "#d55e00", "#0072b2", "#009e73", "#cc79a7"
FORECAST, TOTAL = "#7a7a7a", "#c4c4c4"
TIME = "time [model time units]"
FEW, MEANS = 150, 50
"""Of more steps than FEW, which cannot be told apart, running means over a 50th are drawn."""

Series = dict[str, np.ndarray]


def new_figure(width: float = 6.4, height: float = 4.0, rows: int = 1) -> tuple["Figure", Any]:
    """A figure with axes one above the other, as an array of them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]


def after_burn_in_of(problem: "AbstractStateSpace", series: Series) -> np.ndarray:
    """Which steps are after the burn-in; all of them if none is."""
    after = after_burn_in(series["time"], problem.burn_in)
    return after if after.any() else np.ones_like(after)


def draw_in_time(axis: Any, time: np.ndarray, values: np.ndarray, label: str, **style: Any) -> None:
    """A curve; for many steps the running mean, with the single steps pale behind it."""
    if len(time) > FEW:
        width = len(time) // MEANS
        axis.plot(time, values, color=style["color"], linewidth=0.5, alpha=0.3)
        time, values = _running_mean(time, width), _running_mean(values, width)
    axis.plot(time, values, label=label, **style)


def finish_in_time(problem: "AbstractStateSpace", figure: "Figure", axes: Any, time: np.ndarray):
    """Shade the burn-in, label the lowest axis with time, and put the legend below it."""
    for axis in axes:
        if time[0] < problem.burn_in:
            end = min(problem.burn_in, time[-1])
            axis.axvspan(time[0], end, color="black", alpha=0.07, linewidth=0, label="burn-in")
        axis.grid(alpha=0.25, which="both", linewidth=0.5)
    if time[0] < time[-1]:
        axes[-1].set_xlim(time[0], time[-1])
    axes[-1].set_xlabel(TIME)
    handles = {}
    for axis in axes:
        handles |= dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    figure.legend(
        handles.values(),
        handles,
        loc="outside lower center",
        ncols=4 if len(handles) == 4 else 3,
        frameon=False,
        fontsize=9,
        columnspacing=1.5,
        title="numbers are means after the burn-in" if any(":" in name for name in handles) else "",
        title_fontsize=8,
    )


def logarithmic(axis: Any) -> None:
    """Make an axis logarithmic, with its numbers written out."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter(NullFormatter())


def _running_mean(values: np.ndarray, width: int) -> np.ndarray:
    """The mean of every `width` consecutive values."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    return (sums[width:] - sums[:-width]) / width
