"""The figures of a fit to data: the curve through them, and the residuals.

The residuals of a good fit have no pattern: if they are curved, another term is missing; if their
spread changes, the weights are wrong.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from ._draw import MOST, POINTS, SOLUTION, TRUTH, draw_bands, plain_axes
from ._prediction import Prediction
from ._whitening import whiten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from plugax import Solution

    from ._linear_model import AbstractLinearModel
    from ._nonlinear_regression import NonlinearRegression

CURVE_POINTS = 400


class Fit(NamedTuple):
    """What is drawn, as NumPy arrays of one dimension.

    Attributes:
        observed: the response.
        fitted: the model's values beside it.
        residuals: observed − fitted, in the unit of the figure.
        response_name: the name of the response.
        residual_name: the name of the residuals.
        x: the explanatory variable; None if there are several.
        x_name: the name of the explanatory variable.
        curve: places along x and the prediction there; None to join the fitted values.
    """

    observed: np.ndarray
    fitted: np.ndarray
    residuals: np.ndarray
    response_name: str
    residual_name: str
    x: np.ndarray | None
    x_name: str
    curve: tuple[np.ndarray, Prediction] | None


def linear_figures(problem: "AbstractLinearModel", solution: "Solution") -> dict[str, Any]:
    """The figures `fit` (if there is one explanatory column), `observed` and `residuals`.

    `fit` shows the data with the fitted curve and its bands, `observed` the response against the
    fitted values, `residuals` the residuals against them.

    Arguments:
        problem: the problem.
        solution: its solution.
    """
    design, observed = problem.observed()
    coefficients = np.asarray(solution.unknowns, float)
    x, name, curve = None, "", None
    if problem.explanatory is not None:
        x = np.asarray(problem.explanatory, float)
        (name,) = {name for term in problem.formulas for name in term.columns}
        places = grid(x)
        predicted = problem.predict(solution, places)
        if problem.factor is not None:  # what weight a new observation has is not known
            predicted = predicted._replace(prediction=None)
        curve = places, predicted
    fitted = design @ coefficients
    fit = Fit(
        observed=observed,
        fitted=fitted,
        residuals=observed - fitted,
        response_name=problem.response_name,
        residual_name=f"residual of {problem.response_name}",
        x=x,
        x_name=name,
        curve=curve,
    )
    return figures_of(fit)


def nonlinear_figures(problem: "NonlinearRegression", solution: "Solution") -> dict[str, Any]:
    """`fit` if x and y have one dimension, `observed` and `residuals`.

    Arguments:
        problem: the problem.
        solution: its solution.
    """
    fitted = np.asarray(problem.predictions(solution.unknowns), float)
    observed = np.asarray(problem.y, float)
    residuals, name = observed - fitted, "residual"
    if problem.sigma is not None:
        whitened = whiten(problem.sigma, jnp.asarray(residuals, problem.y.dtype))
        residuals, name = np.asarray(whitened, float), "residual / sigma"
    x = problem.x
    single = hasattr(x, "shape") and x.shape == observed.shape and observed.ndim == 1
    fit = Fit(
        observed=observed.ravel(),
        fitted=fitted.ravel(),
        residuals=residuals.ravel(),
        response_name="y",
        residual_name=name,
        x=np.asarray(x, float) if single else None,
        x_name="x",
        curve=_curve(problem, solution, np.asarray(x, float)) if single else None,
    )
    return figures_of(fit)


def _curve(
    problem: "NonlinearRegression", solution: "Solution", x: np.ndarray
) -> tuple[np.ndarray, Prediction] | None:
    """The model on a grid; None if it accepts only the places of the data."""
    places = grid(x)
    try:
        predicted = problem.predict(solution, places)
    except Exception:  # the user's model: whatever it raises, only the data's places are drawn
        return None
    return (places, predicted) if predicted.value.shape == places.shape else None


def grid(x: np.ndarray) -> np.ndarray:
    """Evenly spaced places over the range of x."""
    return np.linspace(x.min(), x.max(), CURVE_POINTS)


def figures_of(fit: Fit) -> dict[str, Figure]:
    """The figures by name."""
    figures = {} if fit.x is None else {"fit": _fit(fit)}
    return figures | {"observed": _observed_figure(fit), "residuals": _residuals(fit)}


def _fit(fit: Fit) -> Figure:
    """The data with the curve, above the residuals along the same x."""
    assert fit.x is not None
    figure = Figure(figsize=(6.4, 5.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    _dots(above, fit.x, fit.observed, label="data")
    if fit.curve is None:
        order = np.argsort(fit.x)
        above.plot(fit.x[order], fit.fitted[order], color=SOLUTION, lw=1.8, label="fit")
    else:
        places, predicted = fit.curve
        draw_bands(above, places, predicted)
        above.plot(places, predicted.value, color=SOLUTION, lw=1.8, label="fit")
    above.set(ylabel=fit.response_name)
    above.legend(frameon=False)
    _dots(below, fit.x, fit.residuals)
    _zero(below)
    below.set(xlabel=fit.x_name, ylabel=fit.residual_name)
    figure.align_ylabels()
    return figure


def _observed_figure(fit: Fit) -> Figure:
    """Observed against fitted values, with the diagonal on which a perfect fit lies."""
    figure = Figure(figsize=(4.8, 4.6), layout="constrained")
    axes = figure.subplots()
    _dots(axes, fit.fitted, fit.observed)
    low = min(fit.fitted.min(), fit.observed.min())
    axes.axline((low, low), slope=1, color=TRUTH, lw=1)
    axes.set(xlabel=f"{fit.response_name}, fitted", ylabel=f"{fit.response_name}, observed")
    return figure


def _residuals(fit: Fit) -> Figure:
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    _dots(axes, fit.fitted, fit.residuals)
    _zero(axes)
    axes.set(xlabel=f"{fit.response_name}, fitted", ylabel=fit.residual_name)
    return figure


def _dots(axes: "Axes", x: np.ndarray, y: np.ndarray, **style: Any) -> None:
    """Points; if there are very many, a sample spread evenly over the rows."""
    every = max(1, len(x) // MOST)
    axes.plot(x[::every], y[::every], "o", ms=4.5, mew=0, color=POINTS, alpha=0.7, **style)
    plain_axes(axes)


def _zero(axes: "Axes") -> None:
    axes.axhline(0, color=TRUTH, lw=1)
