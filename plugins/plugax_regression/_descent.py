"""The descent as an animation: the path in the plane of the coefficients, and the moving line."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure

from ._draw import (
    LEAST_SQUARES,
    SOLUTION,
    TRUTH,
    draw_line,
    draw_points,
    plain_axes,
)
from ._quadratic import Quadratic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._regression import Regression

FRAMES = 60
INTERVAL = 80  # milliseconds from frame to frame
HOLD = 8  # for how many of the FRAMES the last step is shown


class Descent(FuncAnimation):
    """An animation that may be discarded without being shown."""

    def __del__(self):
        """Suppress Matplotlib's warning that nothing was rendered."""


def animate(problem: "Regression", name: str, path: np.ndarray, quadratic: Quadratic) -> Descent:
    """The animation of a path of coefficients, at most `FRAMES` frames.

    Arguments:
        problem: the problem, with its points and the true line.
        name: the name of the moving line.
        path: coefficients, shape (steps + 1, 2).
        quadratic: the loss.
    """
    losses = quadratic.least + quadratic.excess(path)
    # Placed by hand, on a canvas that draws only what is saved: a layout engine, or a canvas with
    # pixels of its own, would draw every frame two or three times.
    figure = Figure(figsize=(9, 4.2), dpi=90)
    figure.subplots_adjust(left=0.07, right=0.985, bottom=0.125, top=0.9, wspace=0.17)
    plane, points = figure.subplots(1, 2)

    _draw_plane(plane, quadratic, path[0], np.asarray(problem.truth, float))
    (trail,) = plane.plot([], [], "-", color=SOLUTION, lw=1.8)
    (here,) = plane.plot([], [], "o", color=SOLUTION, ms=8, mec="white", mew=1.2)
    draw_points(points, problem)
    draw_line(points, quadratic.best, color=LEAST_SQUARES, lw=4, alpha=0.55, label="least squares")
    line = draw_line(points, path[0], color=SOLUTION, lw=2.2, label=name)
    points.set_ylim(_limits(np.asarray(problem.response, float)))
    points.legend(loc="upper left", frameon=False)
    title = figure.suptitle(_title(path, losses, 0), family="monospace")

    def draw(k: int) -> list[Any]:
        trail.set_data(path[: k + 1].T)
        here.set_data(path[k : k + 1].T)
        line.set_ydata(path[k, 0] + path[k, 1] * np.asarray([-1.0, 1.0]))
        title.set_text(_title(path, losses, k))
        return [trail, here, line, title]

    return Descent(figure, draw, frames=frames_of(path), interval=INTERVAL, blit=False)


def frames_of(path: np.ndarray) -> list[int]:
    """Steps to be shown, evenly spaced along the path, the last one held.

    With steps evenly spaced, most frames would show the slow end, where nothing moves.
    """
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    travelled = np.concatenate([[0.0], np.cumsum(np.where(np.isfinite(lengths), lengths, 0))])
    wanted = np.linspace(0, travelled[-1], FRAMES - HOLD)
    steps = np.unique(np.searchsorted(travelled, wanted).clip(max=len(path) - 1))
    return [*steps.tolist(), *[len(path) - 1] * HOLD]


def _draw_plane(axes: "Axes", quadratic: Quadratic, start: np.ndarray, truth: np.ndarray) -> None:
    """The loss over the plane of the coefficients, its minimum, and the truth."""
    # The last step may have diverged: the plane shows the start, the minimum and the truth.
    shown = np.stack([start, quadratic.best, truth])
    (left, right), (low, high) = (_limits(column, 0.22) for column in shown.T)
    intercepts, slopes = np.meshgrid(np.linspace(left, right, 81), np.linspace(low, high, 81))
    # Square roots of the excess are distances, so even levels of them are evenly spaced ellipses.
    roots = np.sqrt(quadratic.excess(np.stack([intercepts, slopes], axis=-1)))
    levels = np.linspace(0, roots.max(), 16)
    axes.contourf(intercepts, slopes, roots, levels, cmap="Blues_r", alpha=0.55)
    axes.contour(intercepts, slopes, roots, levels, colors="white", linewidths=0.7)
    axes.plot(*truth, "x", color=TRUTH, ms=8, mew=2, label="truth")
    axes.plot(*quadratic.best, "*", color=LEAST_SQUARES, ms=14, mec="white", label="least squares")
    axes.set(xlabel="intercept", ylabel="slope", xlim=(left, right), ylim=(low, high))
    axes.legend(loc="lower right", frameon=True, framealpha=0.8, edgecolor="none")
    plain_axes(axes)
    axes.grid(visible=False)


def _limits(values: np.ndarray, margin: float = 0.08) -> tuple[float, float]:
    """The range of some values with a margin; it is never empty."""
    low, high = float(np.min(values)), float(np.max(values))
    room = margin * max(high - low, 1e-6 + 0.1 * abs(high)) + 1e-9
    return low - room, high + room


def _title(path: np.ndarray, losses: np.ndarray, k: int) -> str:
    width = len(str(len(path) - 1))
    return f"step {k:>{width}} of {len(path) - 1}   loss {losses[k]:.4f}"
