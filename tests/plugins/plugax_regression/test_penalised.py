"""Lasso, ridge and elastic net for one strength."""

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_regression import PenalisedRegression

pytestmark = pytest.mark.usefixtures("x64")

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 3)) @ np.asarray([[1.0, 0.4, 0], [0, 1, 0.3], [0, 0, 1]]) + [1.0, 0, -2]
ETA = 0.3 + X @ [0.5, 0.0, -0.4]
RESPONSES = {
    "gaussian": ETA + 0.3 * RNG.normal(size=40),
    "binomial": (RNG.uniform(size=40) < 1 / (1 + np.exp(-ETA))).astype(float),
    "poisson": RNG.poisson(np.exp(ETA)).astype(float),
    "gamma": np.exp(ETA) * RNG.gamma(4.0, 0.25, size=40),
}


def table(x, y):
    return {f"x{k}": column for k, column in enumerate(x.T)} | {"y": y}


def fit(x, y, strength, **options):
    solver = options.pop("solver", None)
    problem = PenalisedRegression(table(x, y), "y", strength, **options)
    return px.solve(problem) if solver is None else px.solve(problem, solver)


def test_ridge_regression_has_its_closed_form():
    y, n = RESPONSES["gaussian"], 40
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    solution = fit(X, y, 0.7, penalty="ridge")
    expected = np.linalg.solve(z.T @ z / n + 0.7 * np.eye(3), z.T @ (y - y.mean()) / n)
    found = np.asarray(solution.metrics["standardised"])[1:]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_allclose(np.asarray(solution.unknowns)[1:], expected / X.std(axis=0))
    # The trace of the matrix that makes the fitted values of the observed ones.
    hat = z @ np.linalg.solve(z.T @ z / n + 0.7 * np.eye(3), z.T / n)
    assert solution.metrics["effective_degrees_of_freedom"] == pytest.approx(np.trace(hat))


def test_orthonormal_columns_have_their_coefficients_shrunk_by_the_strength():
    columns, _ = np.linalg.qr(RNG.normal(size=(20, 4)))
    x = columns * np.sqrt(20)
    y = x @ [3.0, -1.0, 0.2, 0.0]
    found = fit(x, y, 0.5, intercept=False, standardise=False)
    np.testing.assert_allclose(found.unknowns, [2.5, -0.5, 0, 0], atol=1e-12)
    mixed = fit(x, y, 0.5, penalty="elastic-net", mixing=0.4, intercept=False, standardise=False)
    np.testing.assert_allclose(mixed.unknowns, [2.8 / 1.3, -0.8 / 1.3, 0, 0], atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted(RESPONSES))
def test_all_coefficients_are_zero_from_the_greatest_strength_on(family):
    y = RESPONSES[family]
    problem = PenalisedRegression(table(X, y), "y", 1.0, family=family)
    greatest = float(problem.greatest_strength())
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    # A gamma response enters as y/μ.
    away = y / y.mean() - 1 if family == "gamma" else y - y.mean()
    assert greatest == pytest.approx(np.max(np.abs(z.T @ away)) / 40)
    both = jnp.asarray([1.0, 0.999]) * greatest
    population = px.sweep(problem, over={"problem.strength": both})
    at, below = (population.member(problem__strength=k) for k in (0, 1))
    assert at.metrics["nonzero"] == 0
    assert below.metrics["nonzero"] == 1
    assert at.metrics["deviance_explained"] == pytest.approx(0, abs=1e-12)
    assert below.metrics["violation"] < 1e-12


@pytest.mark.parametrize("solver", ["proximal-newton", "proximal-gradient"])
def test_solvers_agree(solver):
    found = fit(X, RESPONSES["poisson"], 0.1, family="poisson", solver=solver)
    assert found.status.success
    # Relative to gradients of about one, `proximal-gradient` stops at 1e-8.
    assert found.metrics["violation"] < 1e-7
    assert "no standard errors" in str(found.status)


def test_units_do_not_matter_if_columns_are_standardised():
    y = RESPONSES["binomial"]
    units = np.asarray([1e3, 1.0, 1e-3])
    first, other = (fit(x, y, 0.05, family="binomial") for x in (X, X * units + 7))
    slopes = np.asarray(other.unknowns)[1:] * units
    np.testing.assert_allclose(slopes, np.asarray(first.unknowns)[1:], rtol=1e-6)
    np.testing.assert_allclose(first.predict(table(X, y)), other.predict(table(X * units + 7, y)))


@pytest.mark.slow
def test_groups_of_trials_are_as_good_as_single_ones():
    tested, ill = np.asarray([4, 5, 3, 6]), np.asarray([1, 2, 2, 5])
    x = np.asarray([[0.0, 1], [1, 0], [2, 1], [3, 3]])
    rows = [(*x[k], hit) for k in range(4) for hit in [1] * ill[k] + [0] * (tested[k] - ill[k])]
    single = np.asarray(rows, float)
    options = {"family": "binomial", "standardise": False}
    grouped = px.solve(
        PenalisedRegression(
            table(x, ill) | {"tested": tested}, "y", 0.02, trials="tested", **options
        )
    )
    each = fit(single[:, :2], single[:, 2], 0.02, **options)
    np.testing.assert_allclose(grouped.unknowns, each.unknowns, atol=1e-9)


def test_an_offset_is_no_term():
    shift = np.linspace(-0.5, 0.5, 40)
    data = table(X, RESPONSES["poisson"]) | {"shift": shift}
    problem = PenalisedRegression(data, "y", 1e3, family="poisson", offset="shift")
    assert problem.terms == ("intercept", "x0", "x1", "x2")
    rate = RESPONSES["poisson"].sum() / np.exp(shift).sum()
    solution = px.solve(problem)
    np.testing.assert_allclose(solution.unknowns, [np.log(rate), 0, 0, 0], atol=1e-10)
    assert solution.metrics["deviance_explained"] == pytest.approx(0, abs=1e-12)


def test_there_may_be_more_terms_than_rows():
    x = RNG.normal(size=(12, 30))
    found = fit(x, x @ np.eye(30)[0] * 3, 0.1)
    assert found.status.success
    assert 0 < found.metrics["nonzero"] <= 12
    assert found.metrics["violation"] < 1e-10
    assert found.unknowns[1] > 2


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, {"strength": -1.0}, "strength must be a number, 0 or more; got -1"),
        ({}, {"mixing": 1.5}, "mixing must be between 0 and 1; got 1.5"),
        ({}, {"terms": ()}, "nothing to penalise"),
        ({"x1": np.ones(40)}, {}, "The term x1 is the same in every row"),
        ({"y": np.full(40, 2.0)}, {}, "The response y is 2 in every row"),
        ({"y": np.full(40, -1.0)}, {"family": "poisson"}, "must be a whole number, 0 or more"),
    ],
)
def test_what_cannot_be_fitted_is_refused(changes, options, message):
    options = {"strength": 0.1} | options
    with pytest.raises(px.PlugaxError, match=message):
        PenalisedRegression(table(X, RESPONSES["gaussian"]) | changes, "y", **options)


def test_it_runs_on_the_command_line(tmp_path, capsys, monkeypatch):
    from plugax.cli import main

    monkeypatch.chdir(tmp_path)
    rows = np.column_stack([X, RESPONSES["gaussian"]])
    np.savetxt("x.csv", rows, delimiter=",", header="x0,x1,x2,y", comments="")
    command = "run penalised-regression --data x.csv --response y --strength 0.1 --penalty lasso"
    assert main(command.split()) == 0
    assert "standardised" in capsys.readouterr().out
