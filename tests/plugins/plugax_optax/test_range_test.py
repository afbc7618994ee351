"""The range test runs through all rates once, and finds where a quadratic explodes."""

import numpy as np
import pytest

import plugax as px
from plugax_optax._range_test import RangeTest, smoothed


def rising(steps=200, **options):
    told = {"learning_rate": 10.0, "schedule": "range-test", "initial_fraction": 1e-5}
    return px.solver("gradient", optimizer=px.optimizer("sgd", **told | options)), steps


@pytest.mark.usefixtures("x64")
def test_it_finds_the_rates_of_a_quadratic(quadratic):
    problem = quadratic(curvature=(10.0, 10.0))
    solver, steps = rising()
    solution = px.solve(problem, solver, steps=steps)
    (table,) = [table for table in solution.tables() if table.title == "Range test"]
    fastest, cautious = table.columns["learning rate"]
    # Descent on ½ λ u² falls for rates below 2 / λ and explodes above.
    assert 1e-3 < fastest < 0.2
    assert cautious < 0.2
    figure = solution.figures()["range-test"]
    rates = figure.axes[0].lines[0].get_xdata()
    np.testing.assert_allclose(rates, 10 * 1e-5 ** (1 - np.arange(len(rates)) / 199))


def test_a_run_that_ends_in_infinity_has_its_figure(quadratic):
    solver, steps = rising(learning_rate=1e6, initial_fraction=1e-9)
    solution = px.solve(quadratic(), solver, steps=steps)
    assert solution.status.name == "non-finite"
    assert "range-test" in solution.figures()


def test_a_tolerance_would_end_it_at_once():
    with pytest.raises(px.PlugaxError, match="--tolerance none"):
        px.solver("gradient", optimizer=rising()[0].optimizer, tolerance=1e-3)


def test_another_schedule_has_no_such_figure(quadratic):
    solution = px.solve(quadratic(), "gradient", steps=5)
    assert list(solution.figures()) == ["history"]
    assert solution.tables() == ()


def test_the_average_of_a_constant_is_the_constant():
    np.testing.assert_allclose(smoothed(np.full(9, 3.0), 4.0), 3.0)


def test_a_valley_has_its_lowest_and_its_fastest_rate():
    rates = np.logspace(-4, 0, 81)
    losses = 1 / (1 + (rates / 1e-2) ** 2) + (rates / 0.3) ** 4
    test = RangeTest(rates, losses, losses)
    # d(1 / (1 + q²)) / d log q is steepest at q = 1.
    np.testing.assert_allclose(test.fastest, 1e-2, rtol=0.06)
    assert test.lowest == rates[np.argmin(losses)]
