"""The figure of a sweep: the figure of merit against what was swept.

One name is drawn as a curve, two as a heat map (or as dots, if they are no grid), more as parallel
coordinates: an axis for every name, and a line for every member, the smallest dark and on top.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, COLOURS = "#0072b2", "viridis"
FACTOR = 20  # from which on values are drawn on a logarithmic axis


def sweep_figure(values: Mapping[str, np.ndarray], merit: np.ndarray, name: str) -> "Figure | None":
    """The figure of merit of the members; of members that differ in the seed alone, the mean.

    Arguments:
        values: what was swept by name, a value for every member.
        merit: the figure of merit of every member; not finite for those that failed.
        name: its name.

    Returns:
        None if nothing but seeds or starts was swept, or no member has a finite figure.
    """
    names = [n for n in values if n not in ("seed", "start") and len(np.unique(values[n])) > 1]
    if not names or not np.isfinite(merit).any():
        return None
    codes = {n: np.unique(values[n], return_inverse=True) for n in names}
    rows = np.stack([code.ravel() for _, code in codes.values()], axis=1)
    places, member = np.unique(rows, axis=0, return_inverse=True)
    means = np.array([_mean(merit[member.ravel() == place]) for place in range(len(places))])
    axes = {n: known[places[:, i]] for i, (n, (known, _)) in enumerate(codes.items())}
    draw = {1: _curve, 2: _map}.get(len(names), _parallel)
    return draw(axes, means, name)


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size == values.size else np.nan


def _curve(axes: Mapping[str, np.ndarray], merit: np.ndarray, name: str) -> "Figure":
    figure, panel = _figure()
    (swept, values), *_ = axes.items()
    panel.plot(_drawable(values), merit, "o-", color=BLUE, ms=4)
    set_axis(panel, "x", swept, values)
    set_axis(panel, "y", name, merit)
    panel.grid(color="#e6e6e6")
    panel.spines[["top", "right"]].set_visible(False)
    return figure


def _map(axes: Mapping[str, np.ndarray], merit: np.ndarray, name: str) -> "Figure":
    from matplotlib.colors import LogNorm

    figure, panel = _figure()
    (one, x), (two, y) = axes.items()
    grid = [np.unique(values, return_inverse=True) for values in (x, y)]
    norm = LogNorm() if is_wide(merit) else None
    if merit.size == len(grid[0][0]) * len(grid[1][0]):
        image = np.full((len(grid[1][0]), len(grid[0][0])), np.nan)
        image[grid[1][1].ravel(), grid[0][1].ravel()] = merit
        drawn = panel.imshow(image, origin="lower", aspect="auto", norm=norm, cmap=COLOURS)
        for axis, label, (known, _) in zip("xy", (one, two), grid, strict=True):
            shown = np.unique(np.linspace(0, len(known) - 1, min(len(known), 6)).astype(int))
            panel.set(**{f"{axis}label": label, f"{axis}ticks": shown})
            panel.set(**{f"{axis}ticklabels": [_text(known[place]) for place in shown]})
    else:
        drawn = panel.scatter(_drawable(x), _drawable(y), c=merit, norm=norm, cmap=COLOURS, s=24)
        set_axis(panel, "x", one, x)
        set_axis(panel, "y", two, y)
    figure.colorbar(drawn, label=name)
    return figure


def _parallel(axes: Mapping[str, np.ndarray], merit: np.ndarray, name: str) -> "Figure":
    import matplotlib as mpl
    from matplotlib.colors import LogNorm, Normalize

    columns = {**axes, name: merit}
    figure, panel = _figure(width=2.0 + 1.6 * len(columns))
    heights = np.stack([_share(values) for values in columns.values()], axis=1)
    finite = merit[np.isfinite(merit)]
    norm = (LogNorm if is_wide(merit) else Normalize)(finite.min(), finite.max())
    order = np.argsort(np.where(np.isfinite(merit), -merit, -np.inf))
    for member in order[np.isfinite(merit[order])]:
        colour = mpl.colormaps[COLOURS](norm(merit[member]))
        panel.plot(range(len(columns)), heights[member], color=colour, lw=1, alpha=0.8)
    for place, values in enumerate(columns.values()):
        panel.axvline(place, color="#808080", lw=0.8)
        known = values[np.isfinite(values)] if values.dtype.kind == "f" else np.unique(values)
        panel.annotate(_text(known.min()), (place, -0.02), ha="center", va="top", fontsize=8)
        panel.annotate(_text(known.max()), (place, 1.02), ha="center", va="bottom", fontsize=8)
    panel.set_xticks(range(len(columns)), list(columns))
    panel.set(ylim=(-0.1, 1.1), yticks=[], xlabel="what was swept", ylabel="from least to largest")
    panel.spines[:].set_visible(False)
    return figure


def _figure(width: float = 5.4) -> tuple["Figure", Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 3.8), layout="constrained")
    return figure, figure.subplots()


def is_wide(values: np.ndarray) -> bool:
    """Whether the values are better seen on a logarithmic axis."""
    if values.dtype.kind not in "fiu":
        return False
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() > 0 and finite.max() > FACTOR * finite.min())


def _drawable(values: np.ndarray) -> np.ndarray:
    return values if values.dtype.kind in "fiu" else values.astype(str)


def _share(values: np.ndarray) -> np.ndarray:
    """How far up an axis each value lies, from 0 to 1; words in the order of the alphabet."""
    if values.dtype.kind not in "fiu":
        values = np.unique(values, return_inverse=True)[1].reshape(values.shape)
    values = np.log(values) if is_wide(values) else values
    low, high = np.nanmin(values[np.isfinite(values)]), np.nanmax(values[np.isfinite(values)])
    return (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)


def set_axis(panel: Any, axis: str, label: str, values: np.ndarray) -> None:
    """Label an axis, and make it logarithmic if its values are wide."""
    panel.set(**{f"{axis}label": label})
    if is_wide(values):
        panel.set(**{f"{axis}scale": "log"})


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, int | float | np.number) else str(value)
