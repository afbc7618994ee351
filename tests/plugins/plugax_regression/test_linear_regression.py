"""Linear regression of own data: the classical results, by name and from arrays."""

import json
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

import plugax as px
from plugax.testing import parametrize_checks
from plugax_regression import LinearRegression, _own_data, _table
from plugax_regression._terms import parse_term

RANDOM = np.random.default_rng(3)
X, Z = RANDOM.uniform(1, 5, 40), RANDOM.normal(size=40)
COLUMNS = {"x": X, "z": Z, "y": 1 + 2 * X - 0.5 * X**2 + Z + 0.3 * RANDOM.normal(size=40)}


@pytest.fixture(autouse=True)
def double_precision(x64):
    """All of it in the precision that the problem asks for."""


def fit(**options):
    return px.solve(LinearRegression(COLUMNS, "y", **options))


def test_the_coefficients_are_those_of_numpy():
    solution = fit(terms=("x", "x^2", "z"))
    design = np.stack([np.ones(40), X, X**2, Z], axis=1)
    expected, (residual_sum,), _, _ = np.linalg.lstsq(design, COLUMNS["y"])
    assert solution.status.name == "converged"
    assert solution.metrics["terms"] == ["intercept", "x", "x^2", "z"]
    np.testing.assert_allclose(solution.unknowns, expected, rtol=1e-11)
    np.testing.assert_allclose(solution.metrics["residual_sum_of_squares"], residual_sum, 1e-12)
    assert solution.metrics["degrees_of_freedom"] == 36


def test_one_term_is_scipys_line():
    metrics, expected = fit(terms=("x",)).metrics, scipy.stats.linregress(X, COLUMNS["y"])
    np.testing.assert_allclose(metrics["coefficients"], [expected.intercept, expected.slope], 1e-11)
    errors = [expected.intercept_stderr, expected.stderr]
    np.testing.assert_allclose(metrics["standard_errors"], errors, rtol=1e-12)
    # SciPy's own incomplete beta function and JAX's agree to about ten digits.
    np.testing.assert_allclose(metrics["p_values"][1], expected.pvalue, rtol=1e-9)
    np.testing.assert_allclose(metrics["f_p_value"], expected.pvalue, rtol=1e-9)
    np.testing.assert_allclose(metrics["f_statistic"], metrics["t_values"][1] ** 2, rtol=1e-11)


@pytest.mark.parametrize("intercept", [True, False])
def test_significance_is_that_of_scipys_distributions(intercept):
    metrics = fit(terms=("x", "z"), intercept=intercept).metrics
    freedom = 40 - 2 - intercept
    t = np.asarray(metrics["coefficients"]) / np.asarray(metrics["standard_errors"])
    np.testing.assert_allclose(metrics["t_values"], t, rtol=1e-14)
    np.testing.assert_allclose(metrics["p_values"], 2 * scipy.stats.t.sf(abs(t), freedom), 1e-9)
    y = COLUMNS["y"]
    total = np.sum((y - intercept * y.mean()) ** 2)
    residual = metrics["residual_sum_of_squares"]
    ratio = (total - residual) / 2 / (residual / freedom)
    np.testing.assert_allclose(metrics["f_statistic"], ratio, rtol=1e-12)
    np.testing.assert_allclose(metrics["f_p_value"], scipy.stats.f.sf(ratio, 2, freedom), 1e-9)
    np.testing.assert_allclose(metrics["r_squared"], 1 - residual / total, rtol=1e-13)
    adjusted = 1 - (residual / freedom) / (total / (40 - intercept))
    np.testing.assert_allclose(metrics["adjusted_r_squared"], adjusted, rtol=1e-13)


def test_the_intercept_alone_is_the_mean():
    metrics = fit(terms=()).metrics
    np.testing.assert_allclose(metrics["coefficients"], [COLUMNS["y"].mean()], rtol=1e-14)
    np.testing.assert_allclose(metrics["standard_errors"], [scipy.stats.sem(COLUMNS["y"])], 1e-13)
    assert "f_statistic" not in metrics


def test_all_other_columns_are_the_terms_where_none_are_given():
    assert fit().metrics["terms"] == ["intercept", "x", "z"]
    logarithm = LinearRegression(COLUMNS | {"y": np.exp(Z)}, "log(y)")
    assert logarithm.terms == ("intercept", "x", "z")
    np.testing.assert_allclose(px.solve(logarithm).unknowns, [0, 0, 1], atol=1e-14)


def test_units_change_a_coefficient_and_nothing_else():
    plain = fit(terms=("x", "z")).metrics
    other = px.solve(LinearRegression(COLUMNS | {"x": 1e6 * X}, "y", ("x", "z"))).metrics
    np.testing.assert_allclose(other["coefficients"][1] * 1e6, plain["coefficients"][1], 1e-11)
    for name in ("t_values", "r_squared", "f_statistic", "residual_standard_deviation"):
        np.testing.assert_allclose(other[name], plain[name], rtol=1e-11)


def test_adding_a_multiple_of_a_term_to_the_response_adds_to_its_coefficient():
    plain = fit(terms=("x", "z")).metrics
    shifted = COLUMNS | {"y": COLUMNS["y"] + 7 * Z}
    other = px.solve(LinearRegression(shifted, "y", ("x", "z"))).metrics
    change = np.subtract(other["coefficients"], plain["coefficients"])
    np.testing.assert_allclose(change, [0, 0, 7], atol=1e-12)
    np.testing.assert_allclose(other["standard_errors"], plain["standard_errors"], rtol=1e-12)


@pytest.mark.parametrize("name", list(LinearRegression.recipes))
def test_every_recipe_finds_the_same(name):
    problem = LinearRegression(COLUMNS, "y", ("x", "x^2", "z"))
    solution = px.solve(problem, name)
    assert solution.status.success
    np.testing.assert_allclose(solution.unknowns, problem.reference(), rtol=1e-7)


def test_the_loss_is_half_the_residual_sum_of_squares():
    problem = LinearRegression(COLUMNS, "y")
    unknowns = jnp.asarray([0.5, -1.0, 2.0])
    loss, metrics = problem.loss(unknowns, problem.data.first(), jax.random.key(0))
    expected = problem.evaluate(unknowns)["residual_sum_of_squares"] / 2
    np.testing.assert_allclose(loss, expected, rtol=1e-14)
    np.testing.assert_array_equal(metrics["coefficients"], unknowns)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"response": "w"}, "There is no column 'w', which response names"),
        ({"terms": ("x", "y")}, "The response y is among the terms"),
        ({"terms": ("x", "x")}, "The term 'x' is listed 2 times"),
        ({"terms": (), "intercept": False}, "There is nothing to fit"),
        ({"terms": ("x", "x^1.0")}, r"rank 2. 'x\^1.0' is a multiple of 'x'"),
        ({"data": {k: v[:3] for k, v in COLUMNS.items()}}, "data has 3 rows; 3 coefficients"),
        ({"data": COLUMNS | {"intercept": X}}, "A column called 'intercept' cannot be a term"),
        ({"data": "none.csv"}, r"There is no file none\.csv"),
    ],
)
def test_what_cannot_be_fitted_is_refused(options, message):
    given = {"data": COLUMNS, "response": "y"} | options
    with pytest.raises(px.PlugaxError, match=message):
        px.problem("linear-regression", **given)


def test_terms_in_one_text_are_refused():
    """They would be taken for their letters."""
    table = _table.table_of(COLUMNS)
    with pytest.raises(px.PlugaxError, match=r"terms must be several texts, .*; got 'x,z'"):
        _own_data._formulas(table, parse_term("y", COLUMNS), "x,z")


def test_numbers_too_large_for_single_precision_are_refused_there():
    columns = {"x": 10.0 ** np.arange(2, 42, 4), "y": np.arange(10.0)}
    LinearRegression(columns, "y")
    with jax.enable_x64(False), pytest.raises(px.PlugaxError, match=r"x reaches 1e\+39.*float64"):
        LinearRegression(columns | {"x": columns["x"] * 10}, "y")


def test_by_name_and_from_a_file_it_is_the_same_problem(tmp_path):
    path = tmp_path / "data.csv"
    rows = zip(*(column.tolist() for column in COLUMNS.values()), strict=True)
    path.write_text("x;z;y\n" + "".join(f"{x!r};{z!r};{y!r}\n" for x, z, y in rows))
    options = {"response": "y", "terms": ["x", "x^2"]}
    by_name = px.problem("linear-regression", data=str(path), **options)
    assert eqx.tree_equal(by_name, LinearRegression(COLUMNS, "y", ("x", "x^2")))


def test_a_saved_run_is_loaded_from_its_data(tmp_path):
    (tmp_path / "data.csv").write_text("x,y\n1,2\n2,3.5\n3,6.5\n4,8\n")
    problem = px.problem("linear-regression", data=str(tmp_path / "data.csv"), response="y")
    solution = px.solve(problem, out=tmp_path / "run")
    again = px.load(tmp_path / "run")
    assert again.metrics == solution.metrics
    np.testing.assert_array_equal(again.unknowns, solution.unknowns)


def test_the_command_line_fits_a_file(tmp_path):
    (tmp_path / "data.csv").write_text("dose,x,y\n0,1,1\n1,2,4\n2,3,9\n3,4,16\n4,5,25\n")
    options = ["--data", "data.csv", "--response", "y", "--terms", "x,x^2", "--no-intercept"]
    done = subprocess.run(
        [sys.executable, "-m", "plugax", "run", "linear-regression", *options, "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["precision"], printed["status"]) == ("float64", "converged")
    assert printed["metrics"]["terms"] == ["x", "x^2"]
    np.testing.assert_allclose(printed["metrics"]["coefficients"], [0, 1], atol=1e-14)


@parametrize_checks(
    problems={"linear-regression": lambda: LinearRegression(COLUMNS, "y", ("x", "x^2", "z"))}
)
def test_it_conforms(check):
    check()
