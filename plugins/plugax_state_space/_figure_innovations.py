"""Whether innovations and residuals are as large as the assumed errors say, in time."""

from typing import TYPE_CHECKING

from ._figure_style import (
    ANALYSIS,
    FORECAST,
    OBSERVATIONS,
    SPREAD,
    Series,
    after_burn_in_of,
    draw_in_time,
    finish_in_time,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._state_space import AbstractStateSpace

RATIOS = {
    "chi_squared": ("χ²", {"color": FORECAST, "linewidth": 3, "alpha": 0.6}),
    "desroziers_observation": ("observation errors", {"color": OBSERVATIONS, "linewidth": 1.2}),
    "desroziers_background": ("background errors", {"color": ANALYSIS, "linewidth": 1.2}),
}
SIGNAL = "degrees_of_freedom_for_signal"


def innovations(problem: "AbstractStateSpace", series: Series) -> "Figure | None":
    """Actual over expected variances, 1 if all is right; degrees of freedom for signal."""
    there = [name for name in RATIOS if name in series]
    if not there and SIGNAL not in series:
        return None
    rows = bool(there) + (SIGNAL in series)
    figure, axes = new_figure(height=1.2 + 2.6 * rows, rows=rows)
    time, after = series["time"], after_burn_in_of(problem, series)
    for name in there:
        label, style = RATIOS[name]
        mean = series[name][after].mean()
        draw_in_time(axes[0], time, series[name], f"{label}: {mean:.3g}", **style)
    if there:
        axes[0].axhline(1, color="black", linewidth=1, linestyle=":", label="as expected")
        axes[0].set_ylabel("actual over expected variance")
    if SIGNAL in series:
        mean = series[SIGNAL][after].mean()
        label = f"degrees of freedom: {mean:.3g}"
        draw_in_time(axes[-1], time, series[SIGNAL], label, color=SPREAD, linewidth=1.2)
        axes[-1].set_ylabel("degrees of freedom\nfor signal")
        axes[-1].set_ylim(bottom=0)
    finish_in_time(problem, figure, axes, time)
    return figure
