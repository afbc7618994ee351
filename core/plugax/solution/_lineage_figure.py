"""The figure of population-based training: the options over the steps, coloured by merit."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ._lineage import Lineage
from ._sweep_figure import COLOURS, is_wide, set_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def lineage_figure(lineage: Lineage, merit: np.ndarray, steps: int) -> "Figure | None":
    """A panel for every option that is a number; None if there is none.

    A line is a member's option between two rungs, in the colour of the figure of merit at its end;
    a thin line leads from the option of a parent to that of its child.

    Arguments:
        lineage: the parents and the options.
        merit: the figure of merit of every member at the end of the run.
        steps: the number of steps of the run.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.figure import Figure

    drawn = {n: x for n, x in lineage.options.items() if x.ndim == 2 and x.dtype.kind == "f"}
    colours = np.concatenate([lineage.merit, merit[None]])
    finite = colours[np.isfinite(colours)]
    if not drawn or not finite.size:
        return None
    norm = (LogNorm if is_wide(finite) else Normalize)(finite.min(), finite.max())
    edges = np.concatenate([[0], lineage.steps, [steps]])
    figure = Figure(figsize=(6.4, 0.6 + 2.4 * len(drawn)), layout="constrained")
    panels = figure.subplots(len(drawn), 1, sharex=True, squeeze=False).ravel()
    for panel, (name, values) in zip(panels, drawn.items(), strict=True):
        panel.add_collection(LineCollection(_joints(lineage, values), colors="#b0b0b0", lw=0.5))
        levels = list(_levels(values, edges))
        lines: Any = LineCollection(levels, norm=norm, cmap=COLOURS, lw=1.6)
        lines.set_array(colours.ravel())
        panel.add_collection(lines)
        panel.autoscale()
        set_axis(panel, "y", name, values)
        panel.grid(color="#e6e6e6")
        panel.spines[["top", "right"]].set_visible(False)
    panels[-1].set(xlabel="step")
    figure.colorbar(ScalarMappable(norm, COLOURS), ax=list(panels), label=lineage.by)
    return figure


def _levels(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """A horizontal line for every interval and member, `(lines, 2, 2)`."""
    ends = [np.broadcast_to(edges[at][:, None], values.shape) for at in (np.s_[:-1], np.s_[1:])]
    return np.stack([np.stack([x, values], -1) for x in ends], -2).reshape(-1, 2, 2)


def _joints(lineage: Lineage, values: np.ndarray) -> list[np.ndarray]:
    """A vertical line at a rung for every member that went on from another."""
    return [
        np.array([[step, values[rung, parent]], [step, values[rung + 1, member]]])
        for rung, step in enumerate(lineage.steps)
        for member, parent in enumerate(lineage.parents[rung])
        if member != parent
    ]
