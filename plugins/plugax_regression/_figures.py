"""The figures of a straight line: the fit, the loss by step, and the descent as an animation."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from ._descent import animate
from ._draw import (
    LEAST_SQUARES,
    SOLUTION,
    TRUTH,
    draw_bands,
    draw_line,
    draw_points,
    plain_axes,
)
from ._quadratic import Quadratic, quadratic_of

if TYPE_CHECKING:
    from plugax import Solution

    from ._regression import Regression


def figures_of(problem: "Regression", solution: "Solution") -> dict[str, Any]:
    """The figures `fit` and `loss`, and the animation `descent`.

    `fit` shows the points with the true line, that of least squares, and the solution; `loss` the
    loss by step; `descent` the path in the plane of the coefficients next to the moving line (save
    it as a GIF: `figures["descent"].save("descent.gif", writer="pillow")`).

    Arguments:
        problem: the problem.
        solution: a solution of the problem.
    """
    path, name, quadratic = descent_of(solution), _name_of(solution), quadratic_of(problem)
    rounding = float(np.finfo(problem.response.dtype).eps)
    return {
        "fit": _fit(problem, solution, name, quadratic.best),
        "loss": _loss(name, path, quadratic, rounding),
        "descent": animate(problem, name, path, quadratic),
    }


def descent_of(solution: "Solution") -> np.ndarray:
    """The coefficients before every step and after the last, shape (steps + 1, 2)."""
    final = np.asarray(solution.unknowns, float)
    before = solution.series.get("coefficients", np.empty((0, final.size)))
    return np.concatenate([np.asarray(before, float), final[None]])


def _name_of(solution: "Solution") -> str:
    """The name of the solution's line: that of its solver, if it has one."""
    solver = solution.provenance.get("solver") or {}
    return f"solution ({solver['name']})" if solver.get("name") else "solution"


def _label(name: str, coefficients: np.ndarray) -> str:
    """A legend's entry: the name of a line, and its equation."""
    intercept, slope = (f"{value:#.3g}".rstrip(".").replace("-", "−") for value in coefficients)
    sign, size = ("−", slope[1:]) if slope.startswith("−") else ("+", slope)
    return f"{name}:  y = {intercept} {sign} {size} x"


def _fit(problem: "Regression", solution: "Solution", name: str, best: np.ndarray) -> Figure:
    """The points with three lines; the solution is dashed, so that a line below it is visible."""
    coefficients = np.asarray(solution.unknowns, float)
    truth = np.asarray(problem.truth, float)
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    draw_points(axes, problem)
    draw_line(axes, truth, color=TRUTH, lw=1.6, label=_label("truth", truth))
    draw_line(
        axes, best, color=LEAST_SQUARES, lw=4, alpha=0.55, label=_label("least squares", best)
    )
    draw_line(
        axes,
        coefficients,
        color=SOLUTION,
        lw=1.8,
        dashes=(4, 2.5),
        label=_label(name, coefficients),
    )
    places = np.linspace(-1, 1, 101)
    draw_bands(axes, places, problem.predict(solution, places))
    axes.legend(loc="best", frameon=False)
    return figure


def _loss(name: str, path: np.ndarray, quadratic: Quadratic, rounding: float) -> Figure:
    """The loss by step, and how far it is above its minimum on a logarithmic scale."""
    excess, steps = quadratic.excess(path), np.arange(len(path))
    marker = "o" if len(path) < 20 else ""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, gridspec_kw={"wspace": 0.06})
    left.axhline(quadratic.least, color=LEAST_SQUARES, lw=4, alpha=0.55, label="least squares")
    left.plot(steps, quadratic.least + excess, color=SOLUTION, lw=1.8, marker=marker, label=name)
    left.set(xlabel="step", ylabel="loss (mean squared error)", ylim=(0, None))
    left.legend(frameon=False)
    # An excess below the rounding of the coefficients is not shown, and zero has no logarithm.
    floor = quadratic.excess(quadratic.best * (1 + rounding)) + np.finfo(float).tiny
    right.semilogy(steps, np.maximum(excess, floor), color=SOLUTION, lw=1.8, marker=marker)
    right.set(xlabel="step", ylabel="loss above its minimum")
    for axes in (left, right):
        plain_axes(axes)
        axes.xaxis.get_major_locator().set_params(integer=True)
    return figure
