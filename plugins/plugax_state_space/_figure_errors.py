"""Errors and spread in time."""

from typing import TYPE_CHECKING

import numpy as np

from ._figure_style import (
    ANALYSIS,
    FORECAST,
    SMOOTHED,
    SPREAD,
    Series,
    after_burn_in_of,
    draw_in_time,
    finish_in_time,
    logarithmic,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._state_space import AbstractStateSpace

CURVES = {
    "forecast_rmse": ("forecast", {"color": FORECAST, "linewidth": 1.2}),
    "analysis_rmse": ("analysis", {"color": ANALYSIS, "linewidth": 1.5}),
    "smoothed_rmse": ("smoothed", {"color": SMOOTHED, "linewidth": 1.2}),
    "spread": ("spread", {"color": SPREAD, "linewidth": 1.2, "linestyle": "--"}),
}


def errors(problem: "AbstractStateSpace", series: Series) -> "Figure | None":
    """Root-mean-square errors and spread of every step; in the legend their means."""
    there = [name for name in CURVES if name in series]
    if not there:
        return None
    figure, axes = new_figure()
    axis, time, after = axes[0], series["time"], after_burn_in_of(problem, series)
    for name in there:
        label, style = CURVES[name]
        mean = series[name][after].mean()
        draw_in_time(axis, time, series[name], f"{label}: {mean:.3g}", **style)
        axis.axhline(mean, color=style["color"], linewidth=0.8, linestyle=":")
    values = np.concatenate([series[name] for name in there])
    values = values[values > 0]
    # A start far from the truth would flatten the rest of the curve.
    if values.size and values.max() > 20 * np.median(values):
        logarithmic(axis)
    else:
        axis.set_ylim(bottom=0)
    axis.set_ylabel("root-mean-square error [model units]")
    finish_in_time(problem, figure, axes, time)
    return figure
