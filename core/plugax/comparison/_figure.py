"""The figure of a comparison: scores with their standard errors."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PlugaxError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._comparison import Comparison

# Colours that can be told apart with colour blindness (Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
WIDE = 10


def figure_of(comparison: "Comparison") -> "Figure":
    """One panel per metric.

    Errors: `PlugaxError` if there is no metric to draw.
    """
    from matplotlib.figure import Figure

    shown = [m for m in comparison.metrics if any(m in row.scores for row in comparison.rows)]
    if not shown:
        raise PlugaxError("There is no score to draw; `rows` show how the runs of solvers ended.")
    tall = 3.6 if comparison.over else 1.6 + 0.35 * len(comparison.rows)
    names = 0.08 * max(len(row.solver) for row in comparison.rows)
    figure = Figure(figsize=(1.2 + names + 2.8 * len(shown), tall), layout="constrained")
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    draw = _by_solver if comparison.over is None else _over
    for axes, metric in zip(panels, shown, strict=True):
        draw(axes, comparison, metric)
        _set_scale(axes.set_yscale if comparison.over else axes.set_xscale, comparison, metric)
        axes.spines[["top", "right"]].set_visible(False)
    if comparison.over is None:
        for axes in panels[1:]:
            axes.tick_params(labelleft=False)
    elif len({row.solver for row in comparison.rows}) > 1:
        panels[0].legend(frameon=False)
    seeds = len(comparison.seeds)
    figure.suptitle(f"{comparison.problem}: mean and standard error of {seeds} seeds", fontsize=10)
    return figure


def _by_solver(axes: Any, comparison: "Comparison", metric: str) -> None:
    """Draw solvers from top to bottom, with a faint dot for every seed."""
    for place, row in enumerate(comparison.rows):
        values = row.scores.get(metric, np.empty(0))
        axes.plot(values, np.full(values.shape, place), ".", color="#b0b0b0", ms=4)
        error = np.nan_to_num(row.standard_error(metric))
        axes.errorbar(row.mean(metric), place, xerr=error, fmt="o", color=COLOURS[0], capsize=3)
    axes.set_yticks(range(len(comparison.rows)), [row.solver for row in comparison.rows])
    axes.set_ylim(len(comparison.rows) - 0.5, -0.5)
    axes.set(xlabel=metric, ylabel="solver" if axes.get_subplotspec().is_first_col() else "")
    axes.grid(axis="x", color="#e6e6e6")


def _set_scale(set_scale: Any, comparison: "Comparison", metric: str) -> None:
    """Use a logarithmic scale if scores differ by more than a factor."""
    means = np.asarray([row.mean(metric) for row in comparison.rows])
    means = means[np.isfinite(means)]
    if means.size and means.min() > 0 and means.max() > WIDE * means.min():
        set_scale("log")


def _over(axes: Any, comparison: "Comparison", metric: str) -> None:
    """Draw one line per solver against the values of the option."""
    for number, solver in enumerate(dict.fromkeys(row.solver for row in comparison.rows)):
        rows = [row for row in comparison.rows if row.solver == solver]
        axes.errorbar(
            [row.value if isinstance(row.value, int | float) else str(row.value) for row in rows],
            [row.mean(metric) for row in rows],
            yerr=[np.nan_to_num(row.standard_error(metric)) for row in rows],
            fmt="o-",
            color=COLOURS[number % len(COLOURS)],
            capsize=3,
            label=solver,
        )
    axes.set(xlabel=comparison.over, ylabel=metric)
    axes.grid(color="#e6e6e6")
