"""The last states of a run and the truth, as images over space and time, or as curves."""

from typing import TYPE_CHECKING

import jax
import numpy as np

from ._analyses import states_of
from ._figure_style import ANALYSIS, TIME, Series, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._state_space import AbstractStateSpace

LAST, MOST_COLUMNS, FEW = 200, 1000, 7


def hovmoller(problem: "AbstractStateSpace", series: Series) -> "Figure | None":
    """Truth, analysis and their difference over variables (across) and time (up).

    Only states that are vectors with enough variables for an image are drawn. Of a long run only
    the last steps are shown, so that they can be told apart.
    """
    found = _last_states(problem, series)
    if found is None or found[1].shape[1] <= FEW:
        return None
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    time, analysis, truth = found
    stride = -(-analysis.shape[1] // MOST_COLUMNS)
    variables = np.arange(analysis.shape[1])[::stride]
    fields = {"analysis": analysis} if truth is None else {"truth": truth, "analysis": analysis}
    values = np.concatenate([field.ravel() for field in fields.values()])
    # The most extreme hundredth of the values would make the rest look pale.
    state = {"cmap": "viridis", "norm": Normalize(*np.quantile(values, (0.005, 0.995)))}
    panels = {name: (field, state) for name, field in fields.items()}
    if truth is not None:
        error = analysis - truth
        most = float(np.quantile(np.abs(error), 0.995)) or 1.0
        panels["analysis − truth"] = (error, {"cmap": "RdBu_r", "norm": Normalize(-most, most)})
    figure = Figure(figsize=(1.5 + 2.5 * len(panels), 5.2), layout="constrained")
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    images = []
    for axis, (name, (field, style)) in zip(axes, panels.items(), strict=True):
        image = axis.pcolormesh(
            variables, time, field[:, ::stride], shading="nearest", rasterized=True, **style
        )
        images.append(image)
        axis.set_title(name, fontsize=10)
        axis.set_xlabel("variable")
    axes[0].set_ylabel(TIME)
    bars = [(images[0], list(axes[: len(fields)]), "state [model units]")]
    if truth is not None:
        bars.append((images[-1], [axes[-1]], "difference [model units]"))
    for image, beside, label in bars:
        figure.colorbar(
            image,
            ax=beside,
            location="bottom",
            label=label,
            aspect=14 * len(beside),
            pad=0.02,
            extend="both",
        )
    return figure


def states(problem: "AbstractStateSpace", series: Series) -> "Figure | None":
    """Truth and analysis of a state of few variables, one curve for each."""
    found = _last_states(problem, series)
    if found is None or found[1].shape[1] > FEW:
        return None
    time, analysis, truth = found
    variables = analysis.shape[1]
    figure, axes = new_figure(height=1.6 + 1.2 * variables, rows=variables)
    for i, axis in enumerate(axes):
        if truth is not None:
            axis.plot(time, truth[:, i], color="black", linewidth=2.5, alpha=0.35, label="truth")
        axis.plot(time, analysis[:, i], color=ANALYSIS, linewidth=1.2, label="analysis")
        axis.set_ylabel(f"variable {i}\n[model units]")
        axis.grid(alpha=0.25, linewidth=0.5)
    axes[-1].set_xlabel(TIME)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def _last_states(
    problem: "AbstractStateSpace", series: Series
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None] | None:
    """Times, analyses and truth of the last steps; None if the states are not vectors."""
    if "analysis" not in series:
        return None
    rows, time = series["analysis"][-LAST:], series["time"][-LAST:]
    if rows.ndim == 3:
        rows = rows.mean(1)
    leaves = jax.tree.leaves(states_of(problem, rows)[0])
    if len(leaves) != 1 or leaves[0].ndim != 2:
        return None
    analysis = np.asarray(leaves[0])
    if problem.cycles.truth is None:
        return time, analysis, None
    here = np.searchsorted(np.asarray(problem.cycles.time), time)
    return time, analysis, np.asarray(jax.tree.leaves(problem.cycles.truth)[0])[here]
