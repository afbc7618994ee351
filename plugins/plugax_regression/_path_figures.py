"""The figures of a path: the coefficients, and the deviance of rows left out, against log λ."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from ._draw import LEAST_SQUARES, POINTS, SOLUTION, plain_axes
from ._path_choice import Curve, curve_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from plugax import Solution

    from ._path import PenalisedPath

# The coefficients that are largest in the chosen model are named.
MOST_NAMED = 8


def figures(solution: "Solution") -> dict[str, Any]:
    """`path`, and `cross-validation` if there are folds.

    Arguments:
        solution: the solution of a path.
    """
    curve = curve_of(solution.series)
    drawn = {"path": _path(solution.problem, solution, curve)}
    if curve is not None:
        drawn["cross-validation"] = _deviances(solution, curve)
    return drawn


def _path(problem: "PenalisedPath", solution: "Solution", curve: Curve | None) -> Figure:
    """The standardised coefficients against λ; the dashed lines are the two choices."""
    strength = np.asarray(solution.series["strength"], float)
    first = int(problem.model.intercept)
    values = np.asarray(solution.series["standardised"], float)[:, first:]
    terms = problem.model.terms[first:]
    chosen = np.abs(np.asarray(solution.metrics["standardised"], float))[first:]
    named = {int(k) for k in np.argsort(-chosen)[:MOST_NAMED] if chosen[k] > 0}
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    for k, term in enumerate(terms):
        style = {"label": term, "lw": 1.6} if k in named else {"color": POINTS, "lw": 0.8}
        axes.semilogx(strength, values[:, k], **style)
    _choices(axes, strength, curve)
    axes.set(xlabel="strength λ", ylabel="standardised coefficient")
    if named:
        axes.legend(frameon=False, fontsize="small", ncols=2)
    plain_axes(axes)
    return figure


def _deviances(solution: "Solution", curve: Curve) -> Figure:
    """The mean deviance per row left out, one standard error about it, and the number of terms."""
    strength = np.asarray(solution.series["strength"], float)
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(
        strength,
        curve.mean - curve.error,
        curve.mean + curve.error,
        color=SOLUTION,
        alpha=0.2,
        lw=0,
    )
    axes.semilogx(strength, curve.mean, color=SOLUTION, lw=1.8)
    _choices(axes, strength, curve)
    axes.set(xlabel="strength λ", ylabel="deviance per row left out")
    plain_axes(axes)
    counts = np.asarray(solution.series["nonzero"])
    shown = np.unique(np.linspace(0, len(strength) - 1, min(8, len(strength))).astype(int))
    above = axes.secondary_xaxis("top")
    above.set_xticks(strength[shown], [str(int(counts[k])) for k in shown], minor=False)
    above.set_xticks([], minor=True)
    above.set_xlabel("coefficients that are not 0")
    return figure


def _choices(axes: "Axes", strength: np.ndarray, curve: Curve | None) -> None:
    if curve is None:
        return
    for step in {curve.minimum, curve.one_error}:
        axes.axvline(strength[step], color=LEAST_SQUARES, ls="--", lw=1)
