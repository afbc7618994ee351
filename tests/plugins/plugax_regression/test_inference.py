"""Tables, weights, information criteria and predictions: each against its textbook formula."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import plugax as px
from plugax.cli import main
from plugax_regression import LinearRegression, NonlinearRegression

RANDOM = np.random.default_rng(0)
X = np.linspace(-1, 1, 11)
Y = 3 + 2 * X + 0.2 * RANDOM.normal(size=11)
W = RANDOM.uniform(0.5, 2, 11)
COVARIANCE = np.diag(1 / W) + 0.1
DESIGN = np.stack([np.ones(11), X], axis=1)
START = {"a": 0.0, "b": 0.0}
PLACES = np.array([-2.0, 0.0, 0.5])


@pytest.fixture(autouse=True)
def double_precision(x64):
    """All of it in the precision that the problem asks for."""


def line(parameters, x):
    return parameters["a"] + parameters["b"] * x


def fits(kind):
    """The same fit by both problems, and the precision matrix of its observations."""
    data = {"x": X, "y": Y, "w": W}
    if kind == "plain":
        return LinearRegression(data, "y", ("x",)), {}, np.eye(11)
    if kind == "weights":
        return LinearRegression(data, "y", weights="w"), {"sigma": W**-0.5}, np.diag(W)
    linear = LinearRegression({"x": X, "y": Y}, "y", covariance=COVARIANCE)
    return linear, {"sigma": COVARIANCE}, np.linalg.inv(COVARIANCE)


# Both alone are held against SciPy's where nothing is known of the errors: slow.
@pytest.mark.parametrize(
    "kind", [pytest.param("plain", marks=pytest.mark.slow), "weights", "covariance"]
)
def test_both_regressions_are_generalised_least_squares(kind):
    problem, options, precision = fits(kind)
    linear = px.solve(problem)
    nonlinear = px.solve(NonlinearRegression(line, X, Y, START, **options))
    inverse = np.linalg.inv(DESIGN.T @ precision @ DESIGN)
    beta = inverse @ DESIGN.T @ precision @ Y
    rest = Y - DESIGN @ beta
    squares = rest @ precision @ rest
    s = np.sqrt(squares / 9)
    errors = s * np.sqrt(np.diag(inverse))
    for metrics, names in (
        (linear.metrics, ("coefficients", "standard_errors")),
        (nonlinear.metrics, ("parameters", "standard_deviations")),
    ):
        np.testing.assert_allclose(metrics[names[0]], beta, rtol=1e-10)
        np.testing.assert_allclose(metrics[names[1]], errors, rtol=1e-10)
        half = np.linalg.slogdet(precision)[1] / 2
        likelihood = -11 / 2 * (np.log(2 * np.pi * squares / 11) + 1) + half
        np.testing.assert_allclose(metrics["log_likelihood"], likelihood, rtol=1e-10)
        np.testing.assert_allclose(metrics["aic"], 6 - 2 * likelihood, rtol=1e-10)
        np.testing.assert_allclose(metrics["bic"], 3 * np.log(11) - 2 * likelihood, rtol=1e-10)
        correlation = inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
        np.testing.assert_allclose(metrics["correlations"][0][1], correlation, atol=1e-10)
    # R² of weighted fits: about the mean that the weights make.
    ones = np.ones(11)
    mean = ones @ precision @ Y / (ones @ precision @ ones)
    total = (Y - mean) @ precision @ (Y - mean)
    np.testing.assert_allclose(linear.metrics["r_squared"], 1 - squares / total, rtol=1e-10)

    rows = np.stack([np.ones(3), PLACES], axis=1)
    error = s * np.sqrt(np.sum(rows @ inverse * rows, axis=1))
    width = scipy.stats.t.ppf(0.95, 9)
    for predicted in (
        linear.predict(PLACES, level=0.9),
        nonlinear.predict(PLACES, level=0.9, sigma=None if kind == "plain" else 1.0),
    ):
        np.testing.assert_allclose(predicted.value, rows @ beta, rtol=1e-10)
        np.testing.assert_allclose(predicted.standard_error, error, rtol=1e-9)
        np.testing.assert_allclose(predicted.confidence[1], rows @ beta + width * error, 1e-9)
        far = width * np.hypot(error, s)
        np.testing.assert_allclose(predicted.prediction[0], rows @ beta - far, rtol=1e-8)


def test_a_table_is_predicted_with_the_ends_of_both_bands():
    solution = px.solve(LinearRegression({"x": X, "y": Y}, "y"))
    found, one_by_one = solution.predict_table({"x": PLACES}), solution.predict(PLACES)
    assert list(found) == [
        *("y", "standard_error", "confidence_lower", "confidence_upper"),
        *("prediction_lower", "prediction_upper"),
    ]
    np.testing.assert_array_equal(found["y"], one_by_one.value)
    np.testing.assert_array_equal(found["confidence_lower"], one_by_one.confidence[0])
    np.testing.assert_array_equal(found["prediction_upper"], one_by_one.prediction[1])


@pytest.mark.parametrize("absolute", [False, True])
def test_a_covariance_of_the_observations_is_that_of_curve_fit(covariance_of, absolute):
    options = {"sigma": COVARIANCE, "absolute_sigma": absolute}
    problem = NonlinearRegression(line, X, Y, START, **options)
    solution = px.solve(problem)
    expected, covariance = scipy.optimize.curve_fit(lambda x, a, b: a + b * x, X, Y, **options)
    np.testing.assert_allclose(solution.metrics["parameters"], expected, rtol=1e-6)
    found = covariance_of(problem, solution.unknowns)
    np.testing.assert_allclose(found, covariance, rtol=1e-5)
    if absolute:
        density = scipy.stats.multivariate_normal(cov=COVARIANCE).logpdf(Y - DESIGN @ expected)
        np.testing.assert_allclose(solution.metrics["log_likelihood"], density, rtol=1e-9)
        np.testing.assert_allclose(solution.metrics["aic"], 4 - 2 * density, rtol=1e-9)


def test_a_covariance_symmetric_but_for_rounding_is_one_and_its_fit_is_drawn():
    uneven = COVARIANCE.copy()
    uneven[0, 1] += 1e-17
    solution = px.solve(NonlinearRegression(line, X, Y, START, sigma=uneven))
    axes = solution.figures()["residuals"].axes[0]
    rest = Y - DESIGN @ np.asarray(solution.metrics["parameters"])
    whitened = np.linalg.solve(np.linalg.cholesky(COVARIANCE), rest)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), whitened, rtol=1e-9)
    assert axes.get_ylabel() == "residual / sigma"


def test_a_loaded_solution_predicts_the_same(tmp_path):
    saved = px.solve(NonlinearRegression(line, X, Y, START))
    saved.save(tmp_path / "run")
    loaded = px.load(tmp_path / "run", problem=saved.problem, solver=saved.solver)
    for now, was in zip(loaded.predict(PLACES), saved.predict(PLACES), strict=True):
        np.testing.assert_array_equal(now, was)


def test_the_figure_shows_both_bands():
    for problem in (
        LinearRegression({"x": X, "y": Y}, "y"),
        NonlinearRegression(line, X, Y, START),
        px.problem("regression", points=11),
    ):
        axes = px.solve(problem).figures()["fit"].axes[0]
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert {"95 %, mean", "95 %, observation"} <= set(labels)


def test_a_new_observation_of_unknown_spread_has_no_band():
    solution = px.solve(NonlinearRegression(line, X, Y, START, sigma=W**-0.5))
    assert solution.predict(PLACES).prediction is None
    weighted = px.solve(LinearRegression({"x": X, "y": Y, "w": W}, "y", ("x",), weights="w"))
    for drawn in (solution, weighted):
        labels = drawn.figures()["fit"].axes[0].get_legend().get_texts()
        assert [text.get_text() for text in labels] == ["data", "95 %, mean", "fit"]


def test_a_new_observation_spreads_as_all_others_if_they_are_alike():
    for absolute in (False, True):
        options = {"sigma": 0.3, "absolute_sigma": absolute}
        solution = px.solve(NonlinearRegression(line, X, Y, START, **options))
        by_default, told = solution.predict(PLACES), solution.predict(PLACES, sigma=0.3)
        np.testing.assert_array_equal(by_default.prediction, told.prediction)


def test_a_curved_model_is_predicted_by_the_delta_method(covariance_of):
    def decay(p, x):
        return p["a"] * jnp.exp(p["b"] * x)

    problem = NonlinearRegression(decay, X, Y, {"a": 3.0, "b": 0.5})
    solution = px.solve(problem)
    a, b = solution.metrics["parameters"]
    gradient = np.stack([np.exp(b * PLACES), a * PLACES * np.exp(b * PLACES)], axis=1)
    covariance = np.asarray(covariance_of(problem, solution.unknowns))
    expected = np.sqrt(np.sum(gradient @ covariance * gradient, axis=1))
    np.testing.assert_allclose(solution.predict(PLACES).standard_error, expected, rtol=1e-9)


@pytest.mark.slow
def test_predictions_know_what_was_held_and_what_is_not_determined():
    problem = NonlinearRegression(line, X, Y, {"a": 0.0, "b": 2.0})
    held = px.solve(px.fixed(problem, lambda u: u["b"]))
    error = (Y - 2 * X).std(ddof=1) / np.sqrt(11)
    np.testing.assert_allclose(held.predict(PLACES).standard_error, error, rtol=1e-9)

    def twice(p, x):
        return p["a"] + (p["b"] + 2 * p["c"]) * x

    start = {"a": 0.0, "b": 2.0, "c": 0.0}
    redundant = px.solve(NonlinearRegression(twice, X, Y, start))
    free = px.solve(problem)
    # The sum is determined, though neither summand is.
    expected = free.predict(PLACES).standard_error
    np.testing.assert_allclose(redundant.predict(PLACES).standard_error, expected, rtol=1e-7)
    assert redundant.problem.undetermined(redundant) == ("b − 0.5 c",)
    assert redundant.tables()[-1].columns == {"not determined": ("b − 0.5 c",)}
    unused = px.solve(NonlinearRegression(line, X, Y, start))
    assert unused.problem.undetermined(unused) == ("c",)


def test_the_table_has_the_intervals_of_students_t():
    solution = px.solve(LinearRegression({"x": X, "y": Y}, "y"))
    fit, correlations = solution.tables()
    line = scipy.stats.linregress(X, Y)
    half = scipy.stats.t.ppf(0.975, 9) * line.stderr
    assert fit.columns["term"] == ["intercept", "x"]
    np.testing.assert_allclose(fit.columns["lower 95 %"][1], line.slope - half, rtol=1e-10)
    np.testing.assert_allclose(fit.columns["upper 95 %"][1], line.slope + half, rtol=1e-10)
    assert set(fit.metrics) | set(correlations.metrics) <= solution.metrics.keys()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "v"}, "There is no column 'v', which weights names"),
        ({"weights": "x"}, "index 0: weights must be positive; got -1"),
        ({"weights": "w", "covariance": COVARIANCE}, "Give weights or a covariance"),
        ({"covariance": COVARIANCE[:3]}, r"shape \(11, 11\), .* got the shape \(3, 11\)"),
        ({"covariance": COVARIANCE + np.tri(11)}, "must be symmetric"),
        ({"covariance": COVARIANCE - 9}, "must be positive definite"),
    ],
)
def test_weights_that_are_none_are_refused(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        LinearRegression({"x": X, "y": Y, "w": W}, "y", ("x",), **options)


def test_a_problem_without_inputs_predicts_nothing():
    class Parabola(px.AbstractProblem):
        def init(self, key):
            return jnp.asarray(1.0)

        def loss(self, unknowns, batch, key):
            return unknowns**2, {}

    with pytest.raises(px.PlugaxError, match="Parabola predicts nothing"):
        Parabola().predict(None, 0.0)
    with pytest.raises(px.PlugaxError, match="Parabola predicts nothing"):
        px.starting_at(Parabola(), jnp.asarray(2.0)).predict(None, 0.0)
    assert Parabola().tables(None) == ()
    assert jax.config.jax_enable_x64


def test_the_command_line_prints_the_tables(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["run", "regression"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[:4] == ["term", "coefficient", "std.", "error"]
    assert all(len(line) <= 60 for line in lines[2:] if not line.startswith("1 step"))
    # What the tables show is not listed again.
    assert not any(line.strip().startswith(("coefficients", "correlations")) for line in lines)
    assert any(line.split()[:1] == ["aic"] for line in lines)


def test_json_holds_the_tables_with_all_digits(capsys):
    assert main(["run", "regression", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    fit, correlations = printed["tables"]
    metrics = printed["metrics"]
    assert fit["columns"]["coefficient"] == metrics["coefficients"]
    middle = np.add(fit["columns"]["lower 95 %"], fit["columns"]["upper 95 %"]) / 2
    np.testing.assert_allclose(middle, metrics["coefficients"], rtol=1e-6)
    assert correlations["title"] == "Correlations"
