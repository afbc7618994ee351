"""The straight line: what the problem is, and what every solver makes of it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import scipy.stats

import plugax as px
from plugax_regression import Regression
from plugax_regression._ordinary import coefficients_of, predictions_of

KEY = jr.key(0)


@pytest.fixture(autouse=True, scope="module")
def double_precision():
    with jax.enable_x64(True):
        yield


def _arrays(problem):
    return np.asarray(problem.design), np.asarray(problem.response)


def test_the_points_are_drawn_from_the_line():
    """Mean and spread of x and of the noise, within four standard errors of 40000 points."""
    problem = Regression(points=40_000, slope=-1.5, intercept=0.5, noise=0.3)
    (ones, x), y = _arrays(problem)[0].T, _arrays(problem)[1]
    noise = y - (0.5 - 1.5 * x)
    assert np.all(ones == 1)
    assert -1 <= x.min() < -0.99
    assert 0.99 < x.max() <= 1
    assert abs(x.mean()) < 4 / np.sqrt(3 * 40_000)
    assert abs(noise.mean()) < 4 * 0.3 / 200
    assert abs(noise.std() / 0.3 - 1) < 4 / np.sqrt(2 * 40_000)
    assert problem.terms == ("intercept", "x")
    np.testing.assert_array_equal(problem.truth, [0.5, -1.5])


def test_the_classic_has_a_hundred_points_and_starts_far_away():
    problem = Regression()
    assert problem.response.shape == (100,)
    np.testing.assert_array_equal(problem.truth, [2, 3])
    np.testing.assert_array_equal(problem.init(KEY), [-1, 1])


def test_the_points_are_the_same_in_both_precisions_and_others_for_another_seed():
    double = Regression(data_seed=3)
    with jax.enable_x64(False):
        single = Regression(data_seed=3)
    assert single.design.dtype == single.response.dtype == single.start.dtype == "float32"
    np.testing.assert_array_equal(single.response, np.asarray(double.response, "float32"))
    assert not np.any(double.response == Regression(data_seed=4).response)


def test_the_loss_is_the_mean_squared_error():
    problem = Regression()
    (design, response), unknowns = _arrays(problem), jnp.asarray([0.3, -0.2])
    loss, metrics = problem.loss(unknowns, problem.data.first(), KEY)
    expected = np.mean((design @ unknowns - response) ** 2)
    np.testing.assert_allclose(loss, expected, rtol=1e-14)
    np.testing.assert_array_equal(metrics["coefficients"], unknowns)


def test_the_loss_of_a_part_is_the_mean_over_that_part():
    problem = Regression()
    batch = (problem.design[:10], problem.response[:10])
    loss, _ = problem.loss(problem.truth, batch, KEY)
    expected = np.mean((np.asarray(batch[0]) @ problem.truth - batch[1]) ** 2)
    np.testing.assert_allclose(loss, expected, rtol=1e-14)


def test_batches_are_of_points_as_users_see_them():
    class InBatches(Regression):
        @property
        def data(self):
            return px.Shuffled((self.design, self.response), 100)

    problem = InBatches()
    design, _ = problem.data.first(KEY)
    assert design.shape == (100, 2) == problem.design.shape
    assert problem.columns.shape == (2, 100)
    # Batches of all points in another order make the same descent.
    plain, shuffled = (px.solve(p, "gradient", steps=20) for p in (Regression(), problem))
    np.testing.assert_allclose(shuffled.series["loss"], plain.series["loss"], rtol=1e-12)


def test_the_closed_form_is_numpys_and_scipys():
    problem = Regression()
    design, response = _arrays(problem)
    by_scipy = scipy.stats.linregress(design[:, 1], response)
    reference = problem.reference()
    np.testing.assert_allclose(reference, np.linalg.lstsq(design, response)[0], rtol=1e-12)
    np.testing.assert_allclose(reference, [by_scipy.intercept, by_scipy.slope], rtol=1e-12)


def test_the_statistics_are_numpys_and_scipys():
    problem = Regression()
    design, response = _arrays(problem)
    by_scipy = scipy.stats.linregress(design[:, 1], response)
    found = eqx.filter_jit(problem.evaluate)(problem.reference())
    assert found["terms"] == ["intercept", "x"]
    np.testing.assert_array_equal(found["coefficients"], problem.reference())
    errors = [by_scipy.intercept_stderr, by_scipy.stderr]
    np.testing.assert_allclose(found["standard_errors"], errors, rtol=1e-12)
    np.testing.assert_allclose(found["r_squared"], by_scipy.rvalue**2, rtol=1e-12)
    _, (residual_sum,), _, _ = np.linalg.lstsq(design, response)
    np.testing.assert_allclose(found["residual_sum_of_squares"], residual_sum, rtol=1e-12)
    deviation = np.sqrt(residual_sum / 98)
    np.testing.assert_allclose(found["residual_standard_deviation"], deviation, rtol=1e-12)


def test_without_noise_the_line_is_found_exactly():
    problem = Regression(points=3, noise=0.0)
    np.testing.assert_allclose(problem.reference(), [2, 3], rtol=1e-14)
    assert float(problem.evaluate(problem.reference())["r_squared"]) == pytest.approx(1)


def test_standard_errors_are_the_spread_of_the_coefficients_over_other_noise():
    """500 draws at the same x: a sample standard deviation is known to 1/√1000, four of them."""
    problem, random = Regression(), np.random.default_rng(1)
    design = np.asarray(problem.design)
    responses = (design @ problem.truth)[:, None] + random.standard_normal((100, 500))
    spread = np.std(np.linalg.lstsq(design, responses)[0], axis=1)
    found = eqx.filter_jit(problem.evaluate)(problem.reference())
    classical = np.asarray(found["standard_errors"])
    deviation = float(found["residual_standard_deviation"])
    np.testing.assert_allclose(spread, classical / deviation, rtol=4 / np.sqrt(1000))


@pytest.mark.parametrize("shape", [(5, 2), (5000, 2), (20, 9)])
def test_predictions_are_the_matrix_product_whatever_the_size(shape):
    random = np.random.default_rng(2)
    design, coefficients = random.normal(size=shape), random.normal(size=shape[1])
    found = predictions_of(jnp.asarray(design), jnp.asarray(coefficients))
    np.testing.assert_allclose(found, design @ coefficients, rtol=1e-13, atol=1e-13)


def test_ill_conditioned_polynomials_keep_the_digits_of_qr():
    """On [0, 1] the normal matrix of x⁰…x⁹ has condition number 1e26: no digit would be left."""
    x = np.linspace(0, 1, 40)
    design = np.stack([x**power for power in range(10)], axis=1)
    response = design @ np.ones(10)
    found = coefficients_of(jnp.asarray(design), jnp.asarray(response))
    # Exact data: the error is ε times the condition number, about 1e13.
    np.testing.assert_allclose(found, np.ones(10), atol=1e-16 * np.linalg.cond(design))


def _gradient(**options):
    optimizer = {"name": "sgd", "learning_rate": 0.05}
    return px.solver("gradient", **{"optimizer": optimizer, "tolerance": 1e-3} | options)


def test_gradient_descent_stops_in_time_and_as_close_as_its_rule_allows():
    """With error e, e ← (I − η H) e. The last step, η H e, has a root-mean-square below δ."""
    problem = Regression()
    solution = px.solve(problem, _gradient(), steps=200)
    assert solution.status.success
    design, _ = _arrays(problem)
    eigenvalues = np.linalg.eigvalsh(2 / 100 * design.T @ design)
    factors = np.abs(1 - 0.05 * eigenvalues)
    slowest, start = factors.max(), np.linalg.norm(problem.start - problem.reference())

    # ‖last step‖ = √2 rms bounds the error before it by √2 δ / (η λ), and the step shrinks that.
    left = np.linalg.norm(solution.unknowns - problem.reference())
    assert left <= slowest * np.sqrt(2) * 1e-3 / (0.05 * eigenvalues.min())
    # Step k + 1 is at most η λ_max slowest^k ‖e₀‖ long; so many steps make it shorter than √2 δ.
    enough = np.log(np.sqrt(2) * 1e-3 / (0.05 * eigenvalues.max() * start)) / np.log(slowest)
    assert solution.steps <= np.ceil(enough) + 1 < 200
    # And not before the rule holds.
    path = np.concatenate([solution.series["coefficients"], solution.unknowns[None]])
    sizes = np.sqrt(np.mean(np.diff(path, axis=0) ** 2, axis=1))
    assert sizes[-1] < 1e-3 <= sizes[-2]


def test_every_step_of_gradient_descent_is_the_contraction():
    problem = Regression()
    solution = px.solve(problem, _gradient(tolerance=None), steps=30)
    (design, _), best = _arrays(problem), np.asarray(problem.reference())
    error, expected = np.asarray(problem.start) - best, []
    for _ in range(30):
        expected.append(error)
        error = error - 0.05 * 2 / 100 * design.T @ (design @ error)
    path = solution.series["coefficients"]
    np.testing.assert_allclose(path - best, expected, rtol=1e-11)
    losses = [np.mean((design @ point - problem.response) ** 2) for point in path]
    np.testing.assert_allclose(solution.series["loss"], losses, rtol=1e-13)
    assert solution.history["coefficients"].shape == (30, 2)


@pytest.mark.parametrize("name", list(Regression.recipes))
def test_every_recipe_finds_the_line(name):
    """To the square root of rounding, where solvers stop; gradient descent as its rule allows."""
    problem = px.problem("regression")
    solution = px.solve(problem, name)
    assert solution.status.success, solution.status
    tolerance = 0.05 if name == "gradient" else 1e-7
    np.testing.assert_allclose(solution.unknowns, problem.reference(), atol=tolerance)
    assert solution.metrics["terms"] == ["intercept", "x"]
    assert isinstance(solution.metrics["coefficients"], list)
    assert solution.metrics["r_squared"] > 0.7


def test_the_closed_form_is_the_default_and_exact():
    solution = px.solve("regression")
    np.testing.assert_allclose(solution.unknowns, Regression().reference(), rtol=1e-12)


def test_single_precision_stays_single_and_agrees():
    double = eqx.filter_jit(Regression().evaluate)(Regression().reference())
    with jax.enable_x64(False):
        problem = Regression()
        solution = px.solve(problem, _gradient(), steps=200)
        single = eqx.filter_jit(problem.evaluate)(problem.reference())
        assert solution.unknowns.dtype == solution.series["loss"].dtype == "float32"
        assert solution.status.success
    for name in ("coefficients", "standard_errors", "r_squared", "residual_sum_of_squares"):
        assert single[name].dtype == "float32"
        np.testing.assert_allclose(single[name], double[name], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": 2}, "points must be at least 3.*got 2"),
        ({"noise": -1.0}, "noise, a standard deviation, must not be negative; got -1"),
        ({"data_seed": -1}, "data_seed must not be negative; got -1"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Regression(**options)
    with pytest.raises(px.PlugaxError, match=message):
        px.problem("regression", **options)


def test_options_by_name_are_those_of_the_class():
    made = px.problem("regression", points=10, slope=1.0, intercept=0.0, start=(0.0, 0.0))
    assert eqx.tree_equal(made, Regression(10, slope=1.0, intercept=0.0, start=(0.0, 0.0)))
