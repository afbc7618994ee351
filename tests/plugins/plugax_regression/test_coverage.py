"""Intervals hold the truth as often as they say: by simulation, all samples one program."""

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_regression import LinearRegression, NonlinearRegression, RobustRegression
from plugax_regression._prediction import intervals

SAMPLES, POINTS = 2000, 30
X = np.linspace(0, 3, POINTS)
# Four standard errors of a relative frequency.
TOLERANCE = 4 * np.sqrt(0.95 * 0.05 / SAMPLES)


@pytest.fixture(autouse=True)
def double_precision(x64):
    """All of it in the precision that the problems ask for."""


def share_covered(estimates, errors, truth, freedom):
    low, high = intervals(np.asarray(estimates), np.asarray(errors), freedom)
    return np.mean((low <= np.asarray(truth)) & (np.asarray(truth) <= high), axis=0)


def test_those_of_a_weighted_line():
    random = np.random.default_rng(0)
    deviations = 0.2 + 0.3 * X
    lines = 1 - 2 * X + deviations * random.normal(size=(SAMPLES, POINTS))
    data = {"x": X, "y": lines[0], "w": deviations**-2}
    problem = LinearRegression(data, "y", ("x",), weights="w")
    # The problem holds the response divided by its standard deviations.
    over = {"problem.response": jnp.asarray(lines / deviations)}
    found = px.sweep(problem, "least-squares", over=over)
    shares = share_covered(
        found.metrics["coefficients"], found.metrics["standard_errors"], [1, -2], POINTS - 2
    )
    np.testing.assert_allclose(shares, 0.95, atol=TOLERANCE)


def test_those_of_a_curve():
    def decay(p, x):
        return p["height"] * jnp.exp(-p["rate"] * x)

    random = np.random.default_rng(1)
    curves = 2 * np.exp(-X) + 0.05 * random.normal(size=(SAMPLES, POINTS))
    problem = NonlinearRegression(decay, X, curves[0], {"height": 1.5, "rate": 0.8})
    found = px.sweep(problem, over={"problem.y": jnp.asarray(curves)})
    shares = share_covered(
        found.metrics["parameters"], found.metrics["standard_deviations"], [2, 1], POINTS - 2
    )
    # The intervals are those of the linearised model; at this noise it is as good as linear.
    np.testing.assert_allclose(shares, 0.95, atol=TOLERANCE)


@pytest.mark.slow
def test_those_of_a_robust_fit_to_contaminated_errors():
    random = np.random.default_rng(2)
    wild = random.uniform(size=(SAMPLES, POINTS)) < 0.1
    errors = 0.1 * np.where(wild, 10, 1) * random.normal(size=(SAMPLES, POINTS))
    lines = 1 - 2 * X + errors
    problem = RobustRegression({"x": X, "y": lines[0]}, "y", robust_scale=0.1345)
    found = px.sweep(problem, over={"problem.response": jnp.asarray(lines)})
    assert found.success.all()
    coefficients = np.asarray(found.metrics["coefficients"])
    shares = share_covered(coefficients, found.metrics["standard_errors"], [1, -2], POINTS - 2)
    # The standard errors are right for many points.
    np.testing.assert_allclose(shares, 0.95, atol=0.02)
    squares = px.sweep(
        LinearRegression({"x": X, "y": lines[0]}, "y"),
        "least-squares",
        over={"problem.response": jnp.asarray(lines)},
    )
    least_squares = np.asarray(squares.metrics["coefficients"])
    assert np.all(coefficients.std(axis=0) < least_squares.std(axis=0) / 2)
