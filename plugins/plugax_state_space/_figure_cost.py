"""The cost before and after the analysis of every window, and its parts."""

from typing import TYPE_CHECKING

import numpy as np

from ._figure_style import (
    ANALYSIS,
    FORECAST,
    OBSERVATIONS,
    SMOOTHED,
    TOTAL,
    Series,
    draw_in_time,
    finish_in_time,
    logarithmic,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._state_space import AbstractStateSpace

CURVES = {
    "loss": ("at the background", {"color": FORECAST, "linewidth": 1}),
    "cost": ("at the analysis", {"color": TOTAL, "linewidth": 4}),
    "cost_observations": ("observations", {"color": OBSERVATIONS, "linewidth": 1.5}),
    "cost_background": ("background", {"color": ANALYSIS, "linewidth": 1.5}),
    "cost_model_error": ("model error", {"color": SMOOTHED, "linewidth": 1.5}),
}


def cost(problem: "AbstractStateSpace", series: Series) -> "Figure | None":
    """The cost before and after the analysis of every window, and the parts of the latter."""
    if "cost" not in series:
        return None
    figure, axes = new_figure()
    axis, time = axes[0], series["time"]
    for name, (label, style) in CURVES.items():
        if name in series:
            values = np.where(series[name] > 0, series[name], np.nan)
            draw_in_time(axis, time, values, label, **style)
    logarithmic(axis)
    axis.set_ylabel("cost J")
    finish_in_time(problem, figure, axes, time)
    return figure
