"""Figures of chains: traces with ranks, pairs, energies, intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ._diagnostics import quantities
from ._sampler import after_warm_up

MOST, MOST_PAIRS, BINS = 6, 4, 20


def figures_of(series: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The figures of recorded series by name; none without draws."""
    if "warm_up" not in series:
        return {}
    drawn = after_warm_up(series)
    named = {name: draws for name, draws in quantities(drawn) if draws.size}
    if not named:
        return {}
    figures = {"trace": _trace(named), "forest": _forest(named)}
    if len(named) > 1:
        figures["pairs"] = _pairs(named, drawn.get("divergent"))
    if "energy" in drawn:
        figures["energy"] = _energy(np.asarray(drawn["energy"], float))
    return figures


def _trace(named: Mapping[str, np.ndarray]) -> Any:
    """Traces, and how often ranks among all chains come from each: equally, if they agree."""
    from matplotlib.figure import Figure

    shown = list(named.items())[:MOST]
    figure = Figure(figsize=(8, 1.8 * len(shown) + 0.6), layout="constrained")
    axes = figure.subplots(len(shown), 2, squeeze=False)
    for (left, right), (name, draws) in zip(axes, shown, strict=True):
        ranks = draws.ravel().argsort().argsort().reshape(draws.shape)
        for number, (trace, own) in enumerate(zip(draws, ranks, strict=True)):
            left.plot(trace, lw=0.5, label=f"chain {number}")
            right.hist(own, bins=BINS, range=(0, draws.size), histtype="step")
        left.set(xlabel="draw", ylabel=name)
        right.set(xlabel=f"rank of {name}", ylabel="draws")
    return figure


def _forest(named: Mapping[str, np.ndarray]) -> Any:
    """Medians, with intervals of 50 and 90 %."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 0.3 * len(named) + 1), layout="constrained")
    panel = figure.subplots()
    for place, draws in enumerate(named.values()):
        low, lower, middle, upper, high = np.quantile(draws, (0.05, 0.25, 0.5, 0.75, 0.95))
        panel.plot([low, high], [place, place], color="C0", lw=1)
        panel.plot([lower, upper], [place, place], color="C0", lw=3)
        panel.plot([middle], [place], "o", color="C0", ms=4)
    panel.set_yticks(range(len(named)), list(named))
    panel.invert_yaxis()
    panel.set(xlabel="value: median, 50 % and 90 % intervals", ylabel="quantity")
    return figure


def _pairs(named: Mapping[str, np.ndarray], divergent: np.ndarray | None) -> Any:
    """Each quantity against the others, divergent transitions marked where they began."""
    from matplotlib.figure import Figure

    shown = list(named.items())[:MOST_PAIRS]
    size = len(shown) - 1
    figure = Figure(figsize=(2.2 * size + 0.6, 2.2 * size + 0.4), layout="constrained")
    axes = figure.subplots(size, size, squeeze=False)
    marked = np.zeros(0, int) if divergent is None else np.flatnonzero(divergent)
    for row, (below, y) in enumerate(shown[1:]):
        for column, (beside, x) in enumerate(shown[:-1]):
            panel = axes[row, column]
            if column > row:
                panel.set_visible(False)
                continue
            panel.plot(x.ravel(), y.ravel(), ".", ms=2, alpha=0.3)
            panel.plot(x.ravel()[marked], y.ravel()[marked], ".", color="C3", ms=4)
            panel.set(
                xlabel=beside if row == size - 1 else None, ylabel=below if column == 0 else None
            )
    return figure


def _energy(energies: np.ndarray) -> Any:
    """Energies about their mean, and their changes: as wide, if the momenta reach all of them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.4), layout="constrained")
    panel = figure.subplots()
    centred = (energies - energies.mean(axis=1, keepdims=True)).ravel()
    panel.hist(centred, bins=BINS, histtype="step", density=True, label="energy − mean")
    panel.hist(
        np.diff(energies, axis=1).ravel(),
        bins=BINS,
        histtype="step",
        density=True,
        label="change in one transition",
    )
    panel.set(xlabel="energy", ylabel="density")
    panel.legend()
    return figure
