"""The shared parts of the figures: points and lines, colours for colour-blind readers, plain axes.

Colours: M. Okabe and K. Ito, Color Universal Design (2008).
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._prediction import Prediction
    from ._regression import Regression

POINTS = "#8c8c8c"
TRUTH = "#111111"
LEAST_SQUARES = "#0072b2"
SOLUTION = "#d55e00"
MOST = 2000


def plain_axes(axes: "Axes") -> None:
    """Two spines and a faint grid, behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)


def draw_points(axes: "Axes", problem: "Regression") -> None:
    """The points, and axes with names."""
    # They were drawn in random order, so the first ones are a fair sample.
    x, y = np.asarray(problem.design)[:MOST, 1], np.asarray(problem.response)[:MOST]
    axes.plot(x, y, "o", ms=4.5, mew=0, color=POINTS, alpha=0.6, label="points")
    axes.set(xlabel="x", ylabel="y", xlim=(-1.05, 1.05), xticks=(-1, -0.5, 0, 0.5, 1))
    plain_axes(axes)


def draw_line(axes: "Axes", coefficients: np.ndarray, **style: Any) -> Any:
    """A straight line over all of [−1, 1]."""
    x = np.asarray([-1.0, 1.0])
    return axes.plot(x, coefficients[0] + coefficients[1] * x, **style)[0]


def draw_bands(axes: "Axes", places: np.ndarray, predicted: "Prediction") -> None:
    """The bands of a prediction; the band of the mean is darker than that of new observations.

    Bands that are not finite, as for a fit without degrees of freedom, are left out.
    """
    percent = f"{100 * predicted.level:g} %"
    bands = ((predicted.prediction, 0.12, "observation"), (predicted.confidence, 0.3, "mean"))
    for band, alpha, what in bands:
        if band is not None and np.all(np.isfinite(band)):
            axes.fill_between(
                places, *band, color=SOLUTION, alpha=alpha, lw=0, label=f"{percent}, {what}"
            )
