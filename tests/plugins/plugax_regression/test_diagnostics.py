"""The figures of a fit to data."""

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_regression import LinearRegression, NonlinearRegression, _diagnostics

pytestmark = pytest.mark.usefixtures("x64")

X = np.array([3.0, 1.0, 2.0, 5.0, 4.0])
Y = np.array([9.0, 1.1, 4.2, 25.0, 16.1])


def parabola(b, x):
    return b["scale"] * (x - b["centre"]) ** 2


def test_a_line_of_one_column_is_drawn_through_its_points():
    solution = px.solve(LinearRegression({"dose": X, "y": Y}, "y", ("dose", "dose^2")))
    figures = solution.figures()
    assert list(figures) == ["fit", "observed", "residuals"]
    above, below = figures["fit"].axes
    points, curve = above.lines
    np.testing.assert_array_equal(points.get_xydata(), np.stack([X, Y], axis=1))
    x = curve.get_xdata()
    expected = np.polynomial.Polynomial(np.asarray(solution.unknowns))(x)
    np.testing.assert_allclose(curve.get_ydata(), expected, rtol=1e-12)
    assert (x.min(), x.max()) == (1, 5)
    assert (above.get_ylabel(), below.get_xlabel()) == ("y", "dose")
    residuals = Y - np.polynomial.Polynomial(np.asarray(solution.unknowns))(X)
    np.testing.assert_allclose(below.lines[0].get_ydata(), residuals, atol=1e-12)


def test_of_two_columns_there_is_no_curve():
    problem = LinearRegression({"a": X, "b": X**2, "y": Y}, "y")
    solution = px.solve(problem)
    figures = solution.figures()
    assert list(figures) == ["observed", "residuals"]
    fitted = np.asarray(problem.design @ solution.unknowns)
    (axes,) = figures["observed"].axes
    np.testing.assert_allclose(axes.lines[0].get_xydata(), np.stack([fitted, Y], axis=1))
    (axes,) = figures["residuals"].axes
    np.testing.assert_allclose(axes.lines[0].get_ydata(), Y - fitted)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("y, fitted", "residual of y")


@pytest.mark.slow
def test_a_nonlinear_model_is_drawn_on_a_grid():
    start = {"scale": 1.1, "centre": 0.1}
    solution = px.solve(NonlinearRegression(parabola, X, Y, start, sigma=0.5))
    figures = solution.figures()
    above, below = figures["fit"].axes
    curve = above.lines[1]
    expected = parabola(solution.unknowns, curve.get_xdata())
    np.testing.assert_allclose(curve.get_ydata(), expected, rtol=1e-12)
    residuals = (Y - parabola(solution.unknowns, X)) / 0.5
    np.testing.assert_allclose(below.lines[0].get_ydata(), residuals, atol=1e-12)
    assert below.get_ylabel() == "residual / sigma"


def test_a_model_of_its_own_places_alone_is_drawn_there():
    offsets = jnp.asarray(0.01 * np.arange(5))
    problem = NonlinearRegression(lambda b, x: b[0] * x**2 + offsets, X, Y, np.ones(1))
    solution = px.solve(problem)
    curve = solution.figures()["fit"].axes[0].lines[1]
    order = np.argsort(X)
    expected = np.asarray(problem.predictions(solution.unknowns))[order]
    np.testing.assert_array_equal(curve.get_xydata(), np.stack([X[order], expected], axis=1))


def test_of_several_predictors_there_is_no_curve():
    model = lambda b, x: b[0] * x["a"] + b[1] * x["b"]  # noqa: E731
    problem = NonlinearRegression(model, {"a": X, "b": X**2}, Y, np.ones(2))
    assert list(px.solve(problem).figures()) == ["observed", "residuals"]


def test_of_very_many_points_some_are_drawn_from_all_over():
    x = np.linspace(0, 1, 100_000)
    fit = _diagnostics.Fit(x, x, 0 * x, "y", "residual", x, "x", None)
    points = _diagnostics.figures_of(fit)["fit"].axes[0].lines[0].get_xdata()
    assert 2000 <= len(points) <= 4000
    assert points.max() > 0.99
