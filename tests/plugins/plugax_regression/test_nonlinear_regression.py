"""Nonlinear regression: what a fit and its uncertainty are, and what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import scipy.optimize

import plugax as px
from plugax.testing import parametrize_checks
from plugax_regression import LinearRegression, NonlinearRegression

RANDOM = np.random.default_rng(5)
X = np.linspace(0, 4, 30)
SIGMA = RANDOM.uniform(0.02, 0.2, 30)
Y = 2 * np.exp(-1.3 * X) + 0.5 + SIGMA * RANDOM.normal(size=30)
START = {"height": 1.0, "offset": 0.0, "rate": 1.0}


def decay(parameters, x):
    return parameters["height"] * jnp.exp(-parameters["rate"] * x) + parameters["offset"]


def line(parameters, x):
    return parameters["intercept"] + parameters["slope"] * x


@pytest.fixture(autouse=True)
def double_precision(x64):
    """All of it in the precision that the problem asks for."""


def by_scipy(**options):
    def model(x, height, offset, rate):
        return height * np.exp(-rate * x) + offset

    tight = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}
    return scipy.optimize.curve_fit(model, X, Y, [1.0, 0.0, 1.0], **tight, **options)


@pytest.mark.parametrize(("sigma", "absolute"), [(None, False), (SIGMA, False), (SIGMA, True)])
def test_parameters_and_covariance_are_those_of_curve_fit(covariance_of, sigma, absolute):
    problem = NonlinearRegression(decay, X, Y, START, sigma=sigma, absolute_sigma=absolute)
    solution = px.solve(problem)
    expected, covariance = by_scipy(sigma=sigma, absolute_sigma=absolute)
    assert solution.status.name == "converged"
    assert solution.metrics["names"] == ["height", "offset", "rate"]
    # SciPy's Jacobian is made of differences, good to half of the digits.
    np.testing.assert_allclose(solution.metrics["parameters"], expected, rtol=1e-6)
    found = covariance_of(problem, solution.unknowns)
    np.testing.assert_allclose(found, covariance, rtol=1e-5)
    deviations = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(solution.metrics["standard_deviations"], deviations, rtol=1e-5)


def test_a_model_that_is_linear_gives_linear_regression():
    """The first-order covariance is then the covariance."""
    start = {"intercept": 0.0, "slope": 0.0}
    found = px.solve(NonlinearRegression(line, X, Y, start)).metrics
    expected = px.solve(LinearRegression({"x": X, "y": Y}, "y")).metrics
    np.testing.assert_allclose(found["parameters"], expected["coefficients"], rtol=1e-11)
    np.testing.assert_allclose(found["standard_deviations"], expected["standard_errors"], 1e-12)
    for name in (
        "residual_sum_of_squares",
        "residual_standard_deviation",
        "degrees_of_freedom",
    ):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12)


def test_standard_deviations_are_the_spread_of_the_parameters_over_other_noise(evaluation_of):
    """300 fits: a sample standard deviation is known to 1/√600, four of them, and curvature."""
    truth = jnp.asarray([2.0, 0.5, 1.3])

    def model(b, x):
        return b[0] * jnp.exp(-b[2] * x) + b[1]

    problem = NonlinearRegression(model, X, Y, truth, sigma=0.02, absolute_sigma=True)
    clean = problem.predictions(truth)
    noise = 0.02 * jr.normal(jr.key(0), (300, 30), clean.dtype)
    step = eqx.filter_jit(
        eqx.filter_vmap(lambda y: _gauss_newton(eqx.tree_at(lambda p: p.y, problem, y), truth))
    )
    fits = step(clean[None, :] + noise)
    promised = evaluation_of(problem, truth)["standard_deviations"]
    np.testing.assert_allclose(np.std(fits, axis=0), promised, rtol=4 / np.sqrt(600) + 0.02)


def _gauss_newton(problem, parameters):
    for _ in range(4):
        residuals = problem.predictions(parameters) - problem.y
        jacobian = jax.jacfwd(problem.predictions)(parameters)
        parameters = parameters - jnp.linalg.lstsq(jacobian, residuals)[0]
    return parameters


def test_only_ratios_of_sigmas_count_unless_they_are_absolute():
    one = px.solve(NonlinearRegression(decay, X, Y, START, sigma=SIGMA)).metrics
    ten = px.solve(NonlinearRegression(decay, X, Y, START, sigma=10 * SIGMA)).metrics
    for name in ("parameters", "standard_deviations"):
        np.testing.assert_allclose(ten[name], one[name], rtol=1e-9)
    np.testing.assert_allclose(
        ten["residual_standard_deviation"] * 10, one["residual_standard_deviation"], rtol=1e-9
    )
    options = {"sigma": 10 * SIGMA, "absolute_sigma": True}
    absolute = px.solve(NonlinearRegression(decay, X, Y, START, **options)).metrics
    scale = ten["residual_standard_deviation"]
    np.testing.assert_allclose(
        np.multiply(absolute["standard_deviations"], scale), ten["standard_deviations"], rtol=1e-9
    )


def test_one_sigma_is_as_good_as_many():
    one = NonlinearRegression(decay, X, Y, START, sigma=0.1)
    assert eqx.tree_equal(one, NonlinearRegression(decay, X, Y, START, sigma=np.full(30, 0.1)))


def test_the_loss_is_half_the_weighted_sum_of_squares(evaluation_of):
    problem = NonlinearRegression(decay, X, Y, START, sigma=SIGMA)
    loss, _ = problem.loss(problem.start, problem.data.first(), jr.key(0))
    expected = np.sum(((np.exp(-X) - Y) / SIGMA) ** 2) / 2
    np.testing.assert_allclose(loss, expected, rtol=1e-14)
    found = evaluation_of(problem, problem.start)
    np.testing.assert_allclose(found["residual_sum_of_squares"], 2 * expected, rtol=1e-14)
    assert found["degrees_of_freedom"] == 27


class Peak(eqx.Module):
    """A model may be told what to do by what its parameters are."""

    height: object
    centre: object
    shape: object = jnp.tanh


def test_parameters_may_be_any_pytree_and_numbers_of_any_kind():
    def model(peak, x):
        return peak.height * peak.shape(x["place"] - peak.centre[0]) + x["drift"] * peak.centre[1]

    x = {"place": X, "drift": np.sin(X)}
    y = 2 * np.tanh(X - 1.0) + 0.3 * np.sin(X)
    problem = NonlinearRegression(model, x, y, Peak(1, np.array([0.5, 0])))
    assert problem.start.height.dtype == problem.start.centre.dtype == "float64"
    solution = px.solve(problem)
    assert solution.metrics["names"] == ["height", "centre[0]", "centre[1]"]
    np.testing.assert_allclose(solution.metrics["parameters"], [2, 1, 0.3], rtol=1e-9)
    assert solution.unknowns.shape is jnp.tanh


@pytest.mark.parametrize(
    ("start", "names"),
    [
        (1.0, ("parameter",)),
        ([1.0, 2.0], ("[0]", "[1]")),
        (np.ones(2), ("parameter[0]", "parameter[1]")),
        ({"b": {"c": 1.0}, "a": (1.0, 2)}, ("a.0", "a.1", "b.c")),
    ],
)
def test_every_parameter_has_a_name(evaluation_of, start, names):
    def model(parameters, x):
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(parameters)) * x

    problem = NonlinearRegression(model, X, Y, start)
    names = tuple(name.replace("[", "").replace("]", "") for name in names)
    found = evaluation_of(problem, problem.start)["names"]
    assert tuple(name.replace("[", "").replace("]", "") for name in found) == names


def test_observations_may_have_two_dimensions():
    y = np.stack([2 * X + 1, -X + 3], axis=1)
    start = {"slope": np.zeros(2), "intercept": np.zeros(2)}
    problem = NonlinearRegression(
        lambda p, x: p["slope"][None, :] * x[:, None] + p["intercept"][None, :], X, y, start
    )
    solution = px.solve(problem)
    np.testing.assert_allclose(solution.unknowns["slope"], [2, -1], rtol=1e-12)
    assert solution.metrics["degrees_of_freedom"] == 56


def test_an_interpolation_leaves_nothing_to_estimate_the_spread_from():
    start = {"intercept": 0.0, "slope": 0.0}
    metrics = px.solve(NonlinearRegression(line, X[:2], Y[:2], start)).metrics
    assert metrics["degrees_of_freedom"] == 0
    assert metrics["standard_deviations"] == [np.inf, np.inf]
    assert metrics["residual_standard_deviation"] == np.inf


def test_parameters_that_are_not_determined_have_no_finite_deviation(evaluation_of):
    def model(b, x):
        return (b[0] + b[1]) * x

    found = evaluation_of(NonlinearRegression(model, X, Y, np.ones(2)), jnp.ones(2))
    assert not np.any(np.asarray(found["standard_deviations"]) < 1e6)


@pytest.mark.parametrize("name", list(NonlinearRegression.recipes))
def test_every_recipe_finds_the_same(name):
    problem = NonlinearRegression(decay, X, Y, START)
    solution = px.solve(problem, name)
    assert solution.status.success
    expected, _ = by_scipy()
    np.testing.assert_allclose(solution.metrics["parameters"], expected, rtol=1e-4)


BAD = np.where(np.arange(30) == 7, np.nan, Y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": BAD}, r"y\[7\] is nan; leave out missing values"),
        ({"x": BAD}, r"x\[7\] is nan"),
        ({"x": {"t": BAD}}, r"x\['t'\]\[7\] is nan"),
        ({"sigma": BAD}, r"sigma\[7\] is nan"),
        ({"sigma": -SIGMA}, "sigma must be positive; got -0"),
        ({"sigma": SIGMA[:3]}, r"have the shape of y, \(30,\), or be .* got the shape \(3,\)"),
        ({"absolute_sigma": True}, "absolute_sigma=True needs sigma"),
        ({"y": []}, "y holds no observations"),
        ({"y": ["a"] * 30}, "y must hold real numbers; got <U1"),
        ({"y": Y + 1j}, "y must hold real numbers; got complex128"),
        ({"start": START | {"rate": "1"}}, "start, at 'rate', must be a real number .* got '1'"),
        ({"start": START | {"rate": True}}, "start, at 'rate', must be a real number"),
        ({"start": START | {"rate": 1j}}, "start, at 'rate', must be a real number"),
        ({"start": START | {"rate": np.nan}}, "start, at 'rate', must be finite; got nan"),
        ({"start": {}}, "start holds no numbers"),
        ({"start": {"rate": 1.0}}, "The model cannot be called .* KeyError: 'height'"),
        ({"model": lambda p, x: decay(p, x)[:, None]}, r"shape of y, \(30,\); .* \(30, 1\)"),
        ({"model": lambda p, x: decay(p, x) > 0}, "must return real floats .* got bool"),
        ({"model": lambda p, x: (decay(p, x),)}, "must return one array .* of type tuple"),
        ({"model": lambda x: x}, r"cannot be called as model\(parameters, x\).*TypeError"),
        ({"x": X[:2], "y": Y[:2]}, r"2 observations cannot determine 3 parameters \(height, off"),
    ],
)
def test_what_cannot_be_fitted_is_refused(options, message):
    given = {"model": decay, "x": X, "y": Y, "start": START} | options
    with pytest.raises(px.PlugaxError, match=message):
        NonlinearRegression(**given)


def test_lists_of_numbers_are_arrays():
    problem = NonlinearRegression(line, [0.0, 1.0, 2.0], [1, 3, 5], {"intercept": 0, "slope": 0})
    assert problem.x.shape == problem.y.shape == (3,)
    np.testing.assert_allclose(px.solve(problem).metrics["parameters"], [1, 2], rtol=1e-12)


@parametrize_checks(
    problems={"nonlinear": lambda: NonlinearRegression(decay, X, Y, START, sigma=SIGMA)}
)
def test_it_conforms(check):
    check()
