"""Generalised linear models: published fits, closed forms, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import plugax as px
from plugax_regression import GeneralisedLinearModel
from plugax_regression._links import LINKS

pytestmark = pytest.mark.usefixtures("x64")

# Dobson 1990, An Introduction to Generalized Linear Models, page 93; as in the help of R's glm.
COUNTS = {
    "counts": [18, 17, 15, 20, 10, 20, 25, 13, 12],
    "second": [0, 1, 0, 0, 1, 0, 0, 1, 0],
    "third": [0, 0, 1, 0, 0, 1, 0, 0, 1],
    "middle": [0, 0, 0, 1, 1, 1, 0, 0, 0],
    "last": [0, 0, 0, 0, 0, 0, 1, 1, 1],
}
# McCullagh and Nelder 1989, pages 300 to 302: clotting times of blood [s] by concentration [%].
CLOTTING = {
    "u": [5, 10, 15, 20, 30, 40, 60, 80, 100],
    "lot1": [118, 58, 42, 35, 27, 25, 21, 19, 18],
}


def fit(data, response, family, **options):
    solution = px.solve(GeneralisedLinearModel(data, response, family, **options))
    assert solution.status.name == "converged"
    return solution


def test_poisson_gives_what_r_prints_for_dobsons_trial():
    found = fit(COUNTS, "counts", "poisson").metrics
    np.testing.assert_allclose(found["coefficients"][:3], [3.045, -0.4543, -0.2930], atol=5e-4)
    np.testing.assert_allclose(found["coefficients"][3:], 0, atol=1e-8)
    np.testing.assert_allclose(
        found["standard_errors"], [0.1709, 0.2022, 0.1927, 0.2000, 0.2000], atol=5e-5
    )
    np.testing.assert_allclose(found["z_values"][:3], [17.815, -2.247, -1.520], atol=5e-4)
    assert found["p_values"][1] == pytest.approx(0.0246, abs=5e-5)
    assert found["null_deviance"] == pytest.approx(10.5814, abs=5e-5)
    assert found["deviance"] == pytest.approx(5.1291, abs=5e-5)
    assert found["aic"] == pytest.approx(56.76, abs=5e-3)
    assert found["degrees_of_freedom"] == 4


def test_gamma_gives_what_r_prints_for_clotting_times():
    found = fit(CLOTTING, "lot1", "gamma", terms=("log(u)",), link="inverse").metrics
    np.testing.assert_allclose(found["coefficients"], [-0.01655438, 0.01534311], atol=5e-9)
    np.testing.assert_allclose(found["standard_errors"], [0.0009275, 0.0004150], atol=5e-8)
    assert found["dispersion"] == pytest.approx(0.002446, abs=5e-7)
    assert found["null_deviance"] == pytest.approx(3.51283, abs=5e-6)
    assert found["deviance"] == pytest.approx(0.01673, abs=5e-6)
    assert found["aic"] == pytest.approx(37.99, abs=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_two_groups_have_their_shares_whatever_the_link(link):
    table = {"group": [0, 1], "ill": [15, 30], "asked": [60, 50], "z": [0.0, 0.0]}
    both = {name: np.repeat(values, 2) for name, values in table.items()}
    problem = GeneralisedLinearModel(
        both, "ill", "binomial", terms=("group",), trials="asked", link=link
    )
    solution = px.solve(problem)
    assert solution.status.success
    np.testing.assert_allclose(solution.predict([0.0, 1.0]).value, [0.25, 0.6], rtol=1e-7)


def test_the_logarithm_of_the_odds_ratio_has_the_error_of_woolf():
    rows = [(0, 0)] * 45 + [(0, 1)] * 15 + [(1, 0)] * 20 + [(1, 1)] * 30
    group, ill = np.asarray(rows, float).T
    found = fit({"group": group, "ill": ill}, "ill", "binomial").metrics
    assert found["coefficients"][1] == pytest.approx(np.log(30 * 45 / (20 * 15)), rel=1e-7)
    error = np.sqrt(1 / 45 + 1 / 15 + 1 / 20 + 1 / 30)
    assert found["standard_errors"][1] == pytest.approx(error, rel=1e-7)


def draws(family, size=400):
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, size)
    mean = np.exp(1.0 + 0.7 * x)
    return x, {
        "negative-binomial": lambda: rng.negative_binomial(2.0, 1 / (1 + mean / 2.0)),
        "student-t": lambda: 1.0 + 0.7 * x + 0.3 * rng.standard_t(4, size),
    }[family]()


def density(family, parameters, x, y):
    intercept, slope, log_shape = parameters
    eta, shape = intercept + slope * x, np.exp(log_shape)
    if family == "student-t":
        return scipy.stats.t.logpdf(y, 4, eta, shape).sum()
    size = 1 / shape
    return scipy.stats.nbinom.logpmf(y, size, size / (size + np.exp(eta))).sum()


@pytest.mark.parametrize("family", ["negative-binomial", "student-t"])
def test_a_shape_is_estimated_together_with_the_coefficients(family):
    x, y = draws(family)
    solution = fit({"x": x, "y": y}, "y", family)
    best = np.asarray(solution.unknowns)
    assert solution.metrics["log_likelihood"] == pytest.approx(density(family, best, x, y))
    other = scipy.optimize.minimize(lambda p: -density(family, p, x, y), best, tol=1e-10)
    np.testing.assert_allclose(best, other.x, atol=1e-4)
    # Expected information and the curvature at the minimum agree for many rows.
    curvature = jax.hessian(
        lambda u: solution.problem.loss(u, solution.problem.data.first(), jax.random.key(0))[0]
    )
    observed = np.sqrt(np.diag(np.linalg.inv(curvature(solution.unknowns))))
    np.testing.assert_allclose(solution.metrics["standard_errors"], observed[:2], rtol=0.15)
    name = {"student-t": "sigma", "negative-binomial": "alpha"}[family]
    shape = solution.metrics[name]
    error = solution.metrics[f"{name}_standard_error"]
    assert error == pytest.approx(shape * observed[2], rel=0.05)


def test_outliers_hardly_move_students_t():
    x = np.linspace(0, 1, 30)
    y = 1 + 2 * x + 0.01 * np.cos(40 * x)
    y[7] += 50
    found = fit({"x": x, "y": y}, "y", "student-t", freedom=2.0).metrics
    np.testing.assert_allclose(found["coefficients"], [1, 2], atol=0.02)


def test_twice_the_exposure_is_no_effect():
    rng = np.random.default_rng(0)
    years = rng.uniform(1, 20, 200)
    cases = rng.poisson(0.8 * years)
    data = {"x": rng.normal(size=200), "cases": cases, "log_years": np.log(years)}
    found = fit(data, "cases", "poisson", offset="log_years").metrics
    again = fit(
        data | {"log_years": np.log(2 * years)}, "cases", "poisson", offset="log_years"
    ).metrics
    assert found["terms"] == ["intercept", "x"]
    assert again["coefficients"][1] == pytest.approx(found["coefficients"][1], abs=1e-9)
    assert found["coefficients"][0] - again["coefficients"][0] == pytest.approx(np.log(2))
    # The null model, an intercept beside the offset, has one rate for all: cases / years.
    rate = cases.sum() / years.sum()
    ratio = np.where(cases > 0, cases, 1) / (rate * years)
    null = 2 * np.sum(cases * np.log(ratio) - cases + rate * years)
    assert found["null_deviance"] == pytest.approx(null)


def test_a_coefficient_on_its_bound_is_no_estimate():
    upper = np.asarray([np.inf, np.inf, -0.5, np.inf, np.inf])
    found = px.solve(
        px.bounded(GeneralisedLinearModel(COUNTS, "counts", "poisson"), upper=upper)
    ).metrics
    assert found["held"] == [False, False, True, False, False]
    assert found["degrees_of_freedom"] == 5
    # The same as a smaller model with what is known as its offset.
    known = COUNTS | {"known": -0.5 * np.asarray(COUNTS["third"])}
    terms = ("second", "middle", "last")
    smaller = fit(known, "counts", "poisson", terms=terms, offset="known").metrics
    free = [0, 1, 3, 4]
    for name in ("coefficients", "standard_errors"):
        np.testing.assert_allclose(np.asarray(found[name])[free], smaller[name], atol=1e-5)
    assert found["standard_errors"][2] == 0
    assert found["aic"] == pytest.approx(smaller["aic"])


@pytest.mark.slow
def test_the_band_of_the_mean_stays_among_the_possible_values():
    data = {"x": [0.0, 1, 2, 3, 4, 5, 6, 7], "y": [0, 0, 1, 0, 1, 0, 1, 1]}
    solution = fit(data, "y", "binomial")
    low, high = solution.predict(np.linspace(-20, 30, 11)).confidence
    assert (low >= 0).all()
    assert (high <= 1).all()
    assert (low <= high).all()
    assert set(solution.figures()) == {"fit", "observed", "residuals"}
    assert [table.title for table in solution.tables()] == ["", "Correlations"]


@pytest.mark.parametrize("name", LINKS)
def test_a_link_and_its_inverse_belong_together(name):
    link, mu = LINKS[name], jnp.asarray([0.03, 0.4, 0.97])
    eta = link.predictor(mu)
    np.testing.assert_allclose(link.mean(eta), mu, rtol=1e-12)
    np.testing.assert_allclose(link.log_mean(eta), jnp.log(mu), rtol=1e-10)
    if link.log_complement is not None:
        np.testing.assert_allclose(link.log_complement(eta), jnp.log1p(-mu), rtol=1e-10)
        assert np.isfinite(link.log_mean(jnp.asarray([-30.0, 30.0]))).all()


@pytest.mark.parametrize(
    ("family", "response", "options", "message"),
    [
        ("binomial", [0, 1, 2, 0, 1, 1], {}, "index 2: y must be 0, 1 or a share between them"),
        ("poisson", [0, 1, 2.5, 0, 1, 1], {}, "must be a whole number, 0 or more .*; got 2.5"),
        ("gamma", [1, 1, 2, 0, 1, 1], {}, "must be positive .*; got 0"),
        ("gamma", [1, 2, 3, 4, 5, 6], {"link": "logit"}, "links log, inverse, identity"),
        ("poisson", [1, 2, 3, 4, 5, 6], {"trials": "x"}, "trials belong to the binomial family"),
        ("binomial", [0, 1, 0, 0, 1, 1], {"offset": "z"}, "'z'"),
        ("student-t", [1, 2, 3, 4, 5, 6], {"freedom": 0.0}, "freedom must be positive"),
        ("binomial", [0, 0, 0, 1, 1, 1], {}, "combination of .*x separates the classes"),
        ("poisson", [0, 0, 0, 1, 2, 1], {"terms": ("late",)}, "zero wherever there is a count"),
    ],
)
def test_what_cannot_be_fitted_is_refused(family, response, options, message):
    data = {"x": [1.0, 2, 3, 4, 5, 6], "y": response, "late": [0, 0, 0, 1, 1, 1]}
    terms = options.pop("terms", ("x",))
    with pytest.raises(px.PlugaxError, match=message):
        px.problem(
            "generalised-linear-model",
            data=data,
            response="y",
            family=family,
            terms=terms,
            **options,
        )
