"""How often the truth took every rank among the members."""

from typing import TYPE_CHECKING

import numpy as np

from ._figure_style import ANALYSIS, FORECAST, Series, after_burn_in_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._state_space import AbstractStateSpace

CURVES = {"rank_histogram": "analysis", "forecast_rank_histogram": "forecast"}


def rank_histogram(problem: "AbstractStateSpace", series: Series) -> "Figure | None":
    """Frequencies of the ranks after the burn-in, over those of equally likely ranks."""
    there = [name for name in CURVES if name in series]
    if not there:
        return None
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axis, after = figure.subplots(), after_burn_in_of(problem, series)
    for name in there:
        counts = series[name][after].sum(0)
        relative = counts / max(counts.mean(), np.finfo(float).tiny)
        edges = np.arange(len(counts) + 1) - 0.5
        if name == "rank_histogram":
            axis.stairs(relative, edges, fill=True, color=ANALYSIS, alpha=0.75, label=CURVES[name])
        else:
            axis.stairs(relative, edges, color=FORECAST, linewidth=1.5, label=CURVES[name])
        axis.set_xlim(edges[0], edges[-1])
    axis.axhline(1, color="black", linewidth=1, linestyle=":", label="all equally likely")
    axis.set_ylim(bottom=0)
    axis.set_xlabel("rank of the truth: members below it")
    axis.set_ylabel("frequency, relative to the mean")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(axis="y", alpha=0.25, linewidth=0.5)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure
