"""The figure of a mixture: the rows with the components, column against column."""

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.stats
from matplotlib.figure import Figure

from ._draw import colour, plain_axes
from ._parameters import Mixture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from plugax import Solution

    from ._abstract_mixture import AbstractMixture

# Of the columns and rows that are drawn, so that a figure stays legible and small.
MOST_COLUMNS, MOST_ROWS = 4, 5000
# The probability within the ellipses of a component.
LEVELS = (0.5, 0.95)


def figures(problem: "AbstractMixture", solution: "Solution") -> dict[str, Any]:
    """`components`: rows in the colour of their likeliest component, and the components.

    One column: a histogram with the density of the mixture and of each component. More: the rows,
    each of the first four columns against each other, with the ellipses within which a component
    has half and 95 % of its probability.

    Arguments:
        problem: the mixture.
        solution: its solution.
    """
    unknowns = solution.unknowns
    found = Mixture(*(np.asarray(part, float) for part in problem.mixture(unknowns)))
    shares = np.asarray(problem.responsibilities(unknowns), float)
    unit, centre = np.asarray(problem.rows.unit, float), np.asarray(problem.rows.centre, float)
    points = np.asarray(problem.rows.z, float).T @ unit.T + centre
    if len(problem.rows.columns) == 1:
        return {"components": _densities(problem, points[:, 0], found)}
    shown = np.unique(np.linspace(0, len(points) - 1, min(len(points), MOST_ROWS)).astype(int))
    return {"components": _pairs(problem, points[shown], shares[shown].argmax(axis=1), found)}


def _densities(problem: "AbstractMixture", points: np.ndarray, found: Mixture) -> Figure:
    """The histogram, and the densities."""
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.hist(points, bins="auto", density=True, color="#d9d9d9", label="rows")
    margin = 0.05 * np.ptp(points)
    x = np.linspace(points.min() - margin, points.max() + margin, 400)
    each = np.stack(
        [
            weight * _density(x, mean[0], np.sqrt(matrix[0, 0]), freedom)
            for weight, mean, matrix, freedom in zip(*found, strict=True)
        ]
    )
    for number, curve in enumerate(each):
        axes.plot(x, curve, color=colour(number), lw=1.5, label=f"component {number + 1}")
    axes.plot(x, each.sum(axis=0), color="#111111", lw=1.2, ls="--", label="mixture")
    axes.set(xlabel=problem.rows.columns[0], ylabel="probability density")
    axes.legend(frameon=False)
    plain_axes(axes)
    return figure


def _density(x: np.ndarray, mean: float, scale: float, freedom: float) -> np.ndarray:
    if np.isinf(freedom):
        return scipy.stats.norm.pdf(x, mean, scale)
    return scipy.stats.t.pdf(x, freedom, mean, scale)


def _pairs(
    problem: "AbstractMixture", points: np.ndarray, groups: np.ndarray, found: Mixture
) -> Figure:
    """Each column against each other, below the diagonal."""
    names = problem.rows.columns[:MOST_COLUMNS]
    size = len(names) - 1
    side = 5.4 if size == 1 else 2.8 * size
    figure = Figure(figsize=(side, side * 0.85), layout="constrained")
    grid = figure.subplots(size, size, squeeze=False)
    for row in range(size):
        for column in range(size):
            axes = grid[row, column]
            if column > row:
                axes.remove()
                continue
            _pair(axes, points, groups, found, (column, row + 1))
            axes.set(xlabel=names[column], ylabel=names[row + 1])
            plain_axes(axes)
    return figure


def _pair(
    axes: "Axes", points: np.ndarray, groups: np.ndarray, found: Mixture, pair: tuple[int, int]
) -> None:
    """Rows and ellipses in two columns."""
    i, j = pair
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for number in range(len(found.weights)):
        own = points[groups == number]
        axes.plot(own[:, i], own[:, j], "o", ms=3, mew=0, alpha=0.5, color=colour(number))
        matrix = found.covariances[number][np.ix_(pair, pair)]
        root = np.linalg.cholesky(matrix)
        for level in LEVELS:
            edge = root @ circle * _radius(level, float(found.freedom[number]))
            mean = found.means[number][list(pair)]
            axes.plot(*(edge + mean[:, None]), color=colour(number), lw=1.4)
        axes.plot(*found.means[number][list(pair)], "+", color="#111111", ms=8)


def _radius(level: float, freedom: float) -> float:
    """The radius of the circle that holds this probability, of two standardised columns."""
    if np.isinf(freedom):
        return float(np.sqrt(-2 * np.log1p(-level)))
    return float(np.sqrt(freedom * ((1 - level) ** (-2 / freedom) - 1)))
