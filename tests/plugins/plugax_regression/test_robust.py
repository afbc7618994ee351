"""Robust losses in both regressions: SciPy's minima, and the textbook's standard errors."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats

import plugax as px
from plugax_regression import LinearRegression, NonlinearRegression, RobustRegression
from plugax_regression._least_absolute import least_absolute_deviations
from plugax_regression._robust import LOSSES, robust_residuals, spread_of

RANDOM = np.random.default_rng(1)
X = np.linspace(0, 4, 40)
Y = 2 * np.exp(-1.1 * X) + 0.5 + 0.05 * RANDOM.normal(size=40)
Y[::7] += 1.0
START = {"height": 2.0, "offset": 0.5, "rate": 1.0}
SCALE = 0.1
# Names of SciPy's least_squares.
PEERS = {"huber": "huber", "soft-l1": "soft_l1", "cauchy": "cauchy", "arctan": "arctan"}
# A convex loss, and one that forgets what is far away.
SORTS = ("huber", "bisquare")


@pytest.fixture(autouse=True)
def double_precision(x64):
    """All of it in the precision that the problems ask for."""


def decay(parameters, x):
    return parameters["height"] * jnp.exp(-parameters["rate"] * x) + parameters["offset"]


def line(parameters, x):
    return parameters["a"] + parameters["b"] * x


def fit(name, **options):
    return NonlinearRegression(decay, X, Y, START, robust=name, robust_scale=SCALE, **options)


def density(x):
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def influence(name, x, scale):
    """ψ as the textbooks have it."""
    z = (x / scale) ** 2
    return {
        "huber": np.clip(x, -scale, scale),
        "soft-l1": x / np.sqrt(1 + z),
        "cauchy": x / (1 + z),
        "arctan": x / (1 + z**2),
        "bisquare": np.where(z < 1, x * (1 - z) ** 2, 0),
    }[name]


@pytest.mark.parametrize("name", LOSSES)
def test_half_the_squares_are_the_loss_and_its_derivative_is_the_influence(name):
    r = jnp.asarray([0.0, 1e-9, -1e-4, 0.3, -0.7, 1.0, 3.0, -40.0])
    loss = lambda r: jnp.sum(jnp.square(robust_residuals(name, jnp.asarray(0.7), r))) / 2  # noqa: E731
    np.testing.assert_allclose(
        jax.jit(jax.grad(loss))(r), influence(name, r, 0.7), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("name", LOSSES)
def test_the_usual_scale_is_that_of_95_percent_efficiency(name):
    """The variance of a location is E ψ² / (E ψ')², with E ψ' = E xψ for normal x."""
    c = LOSSES[name].efficient_scale
    mean = lambda f: scipy.integrate.quad(f, -12, 12, points=[-c, c], limit=200)[0]  # noqa: E731
    slope = mean(lambda x: x * influence(name, x, c) * density(x))
    square = mean(lambda x: influence(name, x, c) ** 2 * density(x))
    assert np.isclose(slope**2 / square, 0.95, atol=1e-5)


# Every loss by one solver and every solver on one loss; all other pairs are slow.
QUICK_PAIRS = {
    *(("levenberg-marquardt", name) for name in PEERS),
    *(("gauss-newton", "huber"), ("bfgs", "arctan")),
}
PAIRS = [
    pytest.param(solver, name, marks=[] if (solver, name) in QUICK_PAIRS else [pytest.mark.slow])
    for solver in ("levenberg-marquardt", "gauss-newton", "bfgs")
    for name in PEERS
]


@pytest.mark.parametrize(("solver", "name"), PAIRS)
def test_least_squares_solvers_and_minimisers_find_scipys_minimum(solver, name):
    def residuals(p):
        return p[0] * np.exp(-p[2] * X) + p[1] - Y

    tolerances = dict.fromkeys(("xtol", "ftol", "gtol"), 1e-14)
    options = {"loss": PEERS[name], "f_scale": SCALE} | tolerances
    expected = scipy.optimize.least_squares(residuals, list(START.values()), **options)
    problem = fit(name)
    solution = px.solve(problem, solver)
    assert solution.status.success
    np.testing.assert_allclose(solution.metrics["parameters"], expected.x, rtol=1e-6)
    loss = jax.jit(lambda u: problem.loss(u, problem.data.arrays, jax.random.key(0))[0])
    np.testing.assert_allclose(loss(solution.unknowns), expected.cost, rtol=1e-10)


@pytest.mark.parametrize(
    "name",
    [name if name in SORTS else pytest.param(name, marks=pytest.mark.slow) for name in LOSSES],
)
def test_a_line_through_points_of_which_some_are_wild_is_found(name):
    y = 3 + 2 * X + 0.1 * np.sin(13 * X)
    wild = y.copy()
    wild[[3, 17, 30]] += [100.0, -50.0, 70.0]
    solution = px.solve(RobustRegression({"x": X, "y": wild}, "y", robust=name))
    assert solution.status.success
    np.testing.assert_allclose(solution.unknowns, [3, 2], atol=0.1)
    squares = px.solve(LinearRegression({"x": X, "y": wild}, "y"))
    assert np.abs(np.asarray(squares.unknowns) - [3, 2]).max() > 1
    # Both regressions minimise the same.
    scale = float(solution.problem.robust_scale)
    start = {"a": 3.0, "b": 2.0}
    nonlinear = px.solve(NonlinearRegression(line, X, wild, start, robust=name, robust_scale=scale))
    for ours, theirs in (
        ("coefficients", "parameters"),
        ("standard_errors", "standard_deviations"),
        ("residual_standard_deviation",) * 2,
        ("correlations",) * 2,
    ):
        np.testing.assert_allclose(solution.metrics[ours], nonlinear.metrics[theirs], rtol=1e-6)


def test_the_standard_errors_are_hubers():
    """The formula that statsmodels' RLM calls H1, written out for Huber's ψ."""
    data = {"x": X, "y": Y, "w": 1 + X}
    problem = RobustRegression(data, "y", ("x",), weights="w", robust_scale=0.2)
    solution = px.solve(problem)
    root = np.sqrt(1 + X)
    design = np.stack([root, X * root], axis=1)
    rest = Y * root - design @ np.asarray(solution.unknowns)
    psi, slope = np.clip(rest, -0.2, 0.2), (np.abs(rest) <= 0.2).astype(float)
    np.testing.assert_allclose(design.T @ psi, 0, atol=1e-6)  # the normal equations
    correction = 1 + 2 / 40 * slope.var() / slope.mean() ** 2
    variance = correction**2 * np.sum(psi**2) / 38 / slope.mean() ** 2
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    np.testing.assert_allclose(solution.metrics["standard_errors"], errors, rtol=1e-10)
    deviation = 1.4826 * np.median(np.abs(rest))
    np.testing.assert_allclose(solution.metrics["residual_standard_deviation"], deviation)
    t = np.asarray(solution.unknowns) / errors
    np.testing.assert_allclose(solution.metrics["p_values"], 2 * scipy.stats.t.sf(abs(t), 38))
    at_zero = solution.predict(0.0)
    np.testing.assert_allclose(at_zero.standard_error, errors[:1], rtol=1e-9)
    far = scipy.stats.t.ppf(0.975, 38) * np.hypot(errors[:1], deviation)
    np.testing.assert_allclose(at_zero.prediction[1] - at_zero.value, far, rtol=1e-9)
    assert "aic" not in solution.metrics
    assert {"fit", "observed", "residuals"} == solution.figures().keys()


def test_with_a_scale_beyond_all_residuals_it_is_least_squares():
    data = {"x": X, "y": Y}
    plain = px.solve(LinearRegression(data, "y"))
    robust = px.solve(RobustRegression(data, "y", robust_scale=1e3))
    for name in ("coefficients", "standard_errors", "t_values", "correlations"):
        np.testing.assert_allclose(robust.metrics[name], plain.metrics[name], rtol=1e-8)
    evaluate_held = eqx.filter_jit(robust.problem.evaluate_held)
    held = evaluate_held(robust.unknowns, jnp.array([False, True]))
    assert held["standard_errors"][1] == 0
    assert held["degrees_of_freedom"] == 39


def test_the_first_estimate_minimises_the_absolute_deviations():
    design = np.stack([np.ones(40), X * 1e-9], axis=1)
    found = least_absolute_deviations(design, Y * 1e-160)
    sum_of = lambda c: np.abs(design @ c - Y * 1e-160).sum() * 1e160  # noqa: E731
    program = scipy.optimize.linprog(
        np.r_[0, 0, np.ones(80)],
        A_eq=np.hstack([np.stack([np.ones(40), X], axis=1), np.eye(40), -np.eye(40)]),
        b_eq=Y,
        bounds=[(None, None)] * 2 + [(0, None)] * 80,
    )
    assert np.isclose(sum_of(found), program.fun, rtol=1e-4)


@pytest.mark.parametrize("size", [1e-160, 1.0, 1e150])
def test_the_unit_of_the_response_does_not_matter(size):
    plain = px.solve(RobustRegression({"x": X, "y": Y}, "y"))
    scaled = px.solve(RobustRegression({"x": X, "y": Y * size}, "y"))
    assert scaled.status.success
    for name in ("coefficients", "standard_errors"):
        expected = np.asarray(plain.metrics[name]) * size
        np.testing.assert_allclose(scaled.metrics[name], expected, rtol=1e-6)


def test_known_sigmas_have_a_usual_scale(covariance_of):
    problem = NonlinearRegression(
        decay, X, Y, START, sigma=0.05, absolute_sigma=True, robust="huber"
    )
    assert problem.robust_scale == 1.345
    solution = px.solve(problem)
    # What is said of the errors is estimated all the same.
    r = (Y - np.asarray(problem.predictions(solution.unknowns))) / 0.05
    spread = jax.jit(spread_of, static_argnums=0)(
        "huber", jnp.asarray(1.345), jnp.asarray(r), jnp.asarray(37)
    )
    relative = np.asarray(covariance_of(problem, solution.unknowns)) / float(spread.estimates) ** 2
    plain = NonlinearRegression(decay, X, Y, START, sigma=0.05, absolute_sigma=True)
    np.testing.assert_allclose(relative, covariance_of(plain, solution.unknowns), rtol=1e-8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"robust": "huber"}, "robust='huber' needs robust_scale, .* 1.345 standard deviations"),
        ({"robust": "hubert", "robust_scale": 1.0}, "no robust loss 'hubert'; there are huber, so"),
        ({"robust_scale": 1.0}, "robust_scale needs robust"),
        ({"robust": "huber", "robust_scale": -1.0}, "must be positive and finite; got -1"),
        ({"robust": "huber", "robust_scale": float("inf")}, "must be positive and finite; got inf"),
    ],
)
def test_what_is_no_robust_loss_is_refused(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        NonlinearRegression(decay, X, Y, START, **options)


def test_points_that_are_fitted_exactly_have_no_usual_scale():
    data = {"x": X, "y": np.where(np.arange(40) % 5 > 0, 1 + 2 * X, 0)}
    with pytest.raises(px.PlugaxError, match="needs robust_scale"):
        RobustRegression(data, "y")
    found = px.solve(RobustRegression(data, "y", robust="bisquare", robust_scale=0.1))
    np.testing.assert_allclose(found.unknowns, [1, 2], rtol=1e-4)
