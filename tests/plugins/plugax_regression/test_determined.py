"""What a fit does not determine is infinite, what was held is known, and the rest is right."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_regression import LinearRegression, NonlinearRegression, Regression
from plugax_regression._determined import determination_of

X = np.linspace(-1, 1, 11)
Y = 3 + 2 * X + 0.2 * np.random.default_rng(0).normal(size=11)
START = {"a": 0.0, "b": 2.0}


@pytest.fixture(autouse=True)
def double_precision(x64):
    """All of it in the precision that the problem asks for."""


def line(parameters, x):
    return parameters["a"] + parameters["b"] * x


@pytest.fixture(scope="module")
def free():
    with jax.enable_x64(True):
        return px.solve(NonlinearRegression(line, X, Y, START)).metrics


def test_a_line_whose_slope_is_held_has_the_uncertainty_of_a_mean():
    problem = px.fixed(NonlinearRegression(line, X, Y, START), lambda u: u["b"])
    metrics = px.solve(problem).metrics
    rest = Y - 2 * X
    assert metrics["degrees_of_freedom"] == 10
    assert metrics["held"] == [False, True]
    expected = [rest.std(ddof=1) / np.sqrt(11), 0]
    np.testing.assert_allclose(metrics["standard_deviations"], expected, rtol=1e-12)
    np.testing.assert_allclose(metrics["residual_standard_deviation"], rest.std(ddof=1), 1e-12)


def test_a_parameter_on_a_bound_is_held_there():
    problem = NonlinearRegression(line, X, Y, START)
    metrics = px.solve(px.bounded(problem, upper={"a": None, "b": 1.5})).metrics
    rest = Y - 1.5 * X
    assert metrics["held"] == [False, True]
    expected = [rest.std(ddof=1) / np.sqrt(11), 0]
    np.testing.assert_allclose(metrics["standard_deviations"], expected, rtol=1e-6)


def test_bounds_that_hold_nothing_change_nothing(free):
    problem = NonlinearRegression(line, X, Y, START)
    metrics = px.solve(px.bounded(problem, lower=0.0, upper=10.0)).metrics
    assert metrics["held"] == [False, False]
    for name in ("degrees_of_freedom", "standard_deviations"):
        np.testing.assert_allclose(metrics[name], free[name], rtol=1e-6)


def test_what_is_fixed_and_then_bounded_is_held_for_both_reasons():
    held = px.fixed(NonlinearRegression(line, X, Y, START), lambda u: u["b"])
    metrics = px.solve(px.bounded(held, upper=2.5)).metrics
    assert metrics["held"] == [True, True]
    assert metrics["degrees_of_freedom"] == 11


@pytest.mark.parametrize("kind", [Regression, LinearRegression])
def test_linear_problems_know_what_is_held(kind):
    problem = Regression() if kind is Regression else LinearRegression({"x": X, "y": Y}, "y")
    coefficients = problem.reference()
    held = eqx.filter_jit(problem.evaluate_held)(coefficients, jnp.asarray([False, True]))
    rest = np.asarray(problem.response - coefficients[1] * problem.design[:, 1])
    expected = [rest.std(ddof=1) / np.sqrt(rest.size), 0]
    np.testing.assert_allclose(held["standard_errors"], expected, rtol=1e-11)
    assert "f_statistic" not in held


def test_integers_become_floating_point():
    x = np.arange(1, 3000, dtype=np.int32)

    def cubic(parameters, x):
        return parameters["a"] + parameters["b"] * x**3

    problem = NonlinearRegression(cubic, x, 3 + 2 * x.astype(float) ** 3, {"a": 0, "b": 1})
    # The largest value is 5·10¹⁰, of which doubles hold some 10⁻⁵.
    np.testing.assert_allclose(px.solve(problem).metrics["parameters"], [3, 2], atol=1e-5)


@pytest.mark.parametrize(
    ("model", "start", "undetermined"),
    [
        (line, START | {"c": 1.0}, ["c"]),
        (lambda p, x: p["a"] + (p["b"] + 2 * p["c"]) * x, START | {"c": 1.0}, ["b", "c"]),
        (lambda p, x: p["a"] + p["b"] * p["c"] * x, START | {"c": 1.0}, ["b", "c"]),
    ],
)
def test_only_what_is_not_determined_is_infinite(free, covariance_of, model, start, undetermined):
    problem = NonlinearRegression(model, X, Y, start)
    solution = px.solve(problem)
    found = dict(
        zip(solution.metrics["names"], solution.metrics["standard_deviations"], strict=True)
    )
    assert [name for name, value in found.items() if np.isinf(value)] == undetermined
    expected = dict(zip(free["names"], free["standard_deviations"], strict=True))
    for name in expected.keys() - set(undetermined):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)
    assert solution.metrics["degrees_of_freedom"] == free["degrees_of_freedom"]
    covariance = np.asarray(covariance_of(problem, solution.unknowns))
    determined = [k for k, name in enumerate(found) if name not in undetermined]
    assert np.linalg.eigvalsh(covariance[np.ix_(determined, determined)]).min() > 0
    assert not np.isnan(covariance).any()


def test_what_is_not_determined_is_the_null_space():
    jacobian = np.random.default_rng(1).normal(size=(9, 4))
    jacobian[:, 3] = jacobian[:, 0] - 2 * jacobian[:, 1]
    scaled = jacobian * np.asarray([1, 1e8, 1e-8, 1])
    found = jax.jit(determination_of)(jnp.asarray(scaled))
    assert found.rank == 3
    np.testing.assert_array_equal(found.undetermined, [True, True, False, True])
    assert np.abs(scaled @ found.null).max() < 1e-13 * np.abs(scaled).max()


def sized(parameters, x):
    return line(parameters, x["place"]) * x["size"]


@pytest.mark.parametrize("scale", [1e-160, 1e-250])
@pytest.mark.parametrize("of_parameters", [False, True])
def test_the_size_of_the_data_has_no_say(free, scale, of_parameters):
    factor = scale if of_parameters else 1.0
    x = {"place": X, "size": np.full(11, scale / factor)}
    solution = px.solve(NonlinearRegression(sized, x, Y * scale, {"a": 0.0, "b": 0.0}))
    assert solution.status.name == "converged"
    for name in ("parameters", "standard_deviations"):
        np.testing.assert_allclose(np.divide(solution.metrics[name], factor), free[name], 1e-9)


@pytest.mark.parametrize("name", ["x", "y", "sigma"])
def test_masks_are_not_lost(name):
    values = np.ma.masked_greater(np.linspace(1, 2, 11), 1.75)
    given = {"x": X, "y": Y, "sigma": None} | {name: values}
    with pytest.raises(px.PlugaxError, match=rf"{name}\[8\] is masked, the first of 3"):
        NonlinearRegression(line, **given, start=START)


def test_masked_columns_are_refused():
    data = {"x": np.ma.masked_greater(X, 0.5), "y": Y}
    with pytest.raises(px.PlugaxError, match=r"data\['x'\]\[8\] is masked"):
        LinearRegression(data, "y")


def test_times_are_no_numbers():
    data = {"x": np.arange(11).astype("datetime64[ns]"), "y": Y}
    with pytest.raises(px.PlugaxError, match=r"data\['x'\] holds times"):
        LinearRegression(data, "y")


class Curve(px.AbstractLeastSquares):
    """A problem of somebody else, who counts what is free."""

    def init(self, key):
        return {"a": jnp.asarray(1.0), "b": jnp.asarray([2.0, 3.0])}

    def residuals(self, unknowns, batch, key):
        return jnp.concatenate([unknowns["a"][None], unknowns["b"]]), {}

    def evaluate_held(self, unknowns, held):
        return {"free": sum(jnp.sum(~leaf) for leaf in jax.tree.leaves(held))}


def test_any_problem_may_ask_what_is_held():
    fixed = px.fixed(Curve(), lambda u: u["b"])
    assert fixed.evaluate(fixed.init(jax.random.key(0))) == {"free": 1}
    started = px.starting_at(Curve(), Curve().init(None))
    assert started.evaluate(started.init(jax.random.key(0))) == {}
    bounded = px.bounded(started, lower={"a": 0.0, "b": None})
    assert bounded.evaluate({"a": jnp.asarray(0.0), "b": jnp.ones(2)}) == {"free": 2}
