"""The figure of a classic: the sum of squares by step, and the known minima."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from plugax import Solution

    from ._more_garbow_hillstrom import MoreGarbowHillstrom


def figures_of(problem: "MoreGarbowHillstrom", solution: "Solution") -> dict[str, Any]:
    """The figure `descent`: Σ fᵢ² by step, and the known minima that are above zero."""
    losses = np.asarray(solution.series.get("loss", np.empty(0)), float)
    squares = np.append(2 * losses, float(solution.metrics.get("sum_of_squares", np.nan)))
    # A logarithmic axis has no zero; the curve of an exact fit just ends.
    shown = np.where(np.isfinite(squares) & (squares > 0), squares, np.nan)
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.plot(np.arange(shown.size), shown, color="C0", label="run")
    for minimum in problem.minima:
        if minimum.value > 0:
            label = f"known minimum, {minimum.value:.6g}"
            axes.axhline(minimum.value, color="0.5", linewidth=1, linestyle="--", label=label)
    if np.isfinite(shown).any():
        axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("sum of squares")
    axes.set_title(f"{problem.function}, {problem.start.size} unknowns")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return {"descent": figure}
