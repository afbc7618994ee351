"""Optimistix's minimisers: its methods, our states and counts."""

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optimistix as optx
import pytest

import plugax as px

pytestmark = pytest.mark.usefixtures("x64")
METHODS = {"bfgs": optx.BFGS, "dfp": optx.DFP, "nonlinear-cg": optx.NonlinearCG}


@pytest.mark.parametrize("method", METHODS)
def test_it_finds_what_optimistix_finds_by_hand(rosenbrock, method):
    problem = rosenbrock(2)

    def loss(y, args):
        return problem.loss(y, (), jr.key(0))[0]

    by_hand = METHODS[method](rtol=1e-8, atol=1e-8)
    expected = optx.minimise(loss, by_hand, problem.init(jr.key(0)), max_steps=5000, throw=False)
    solution = px.solve(problem, "optimistix", method=method, steps=5000)
    np.testing.assert_allclose(solution.unknowns, expected.value, rtol=1e-10)
    assert solution.steps == expected.stats["num_steps"]


def test_single_precision_works_among_double(curve):
    start = jnp.array([-1.2, 1.0], "float32")

    def residuals(y):
        return 10 * (y[1:] - y[:-1] ** 2), 1 - y[:-1]

    solution = px.solve(curve(residuals, start), "optimistix")
    assert solution.status.name == "converged"
    assert solution.unknowns.dtype == jnp.float32


def test_metrics_are_those_of_the_point_a_step_starts_from(rosenbrock):
    problem = rosenbrock(3)
    history = px.solve(problem, "optimistix").history
    start = float(problem.loss(problem.init(jr.key(0)), (), jr.key(0))[0])
    np.testing.assert_allclose(history["loss"].values[:2], start, rtol=1e-12)
    assert np.all(np.diff(history["loss"].values) <= 0)
    assert set(history["step_norm"].values > 0) == {True, False}


def test_a_method_that_is_not_offered_is_refused():
    with pytest.raises((px.PlugaxError, ValueError), match="lbfgs"):
        px.solver("optimistix", method="lbfgs")
