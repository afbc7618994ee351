"""A run that ends well and is wrong is told of."""

import re

import numpy as np
import pytest

from plugax_state_space._consistency import consistency, remarks_of

RANDOM = np.random.default_rng(0)
CYCLES, OBSERVED = 300, 5


def series(error=1.0, spread=1.0, innovation=1.0):
    """A run whose errors, spread and innovations are those of a filter, times what is given."""
    each = error**2 * RANDOM.chisquare(4, CYCLES) / 4
    losses = innovation * RANDOM.chisquare(OBSERVED, CYCLES) / 2
    return {
        "time": np.arange(1.0, CYCLES + 1),
        "analysis_rmse": np.sqrt(each),
        "spread": np.full(CYCLES, spread),
        "loss": losses,
        "expected_loss": np.full(CYCLES, OBSERVED / 2),
    }


def test_both_figures_are_1_for_a_filter_that_is_as_sure_as_it_should_be():
    figures = consistency(series(), np.ones(CYCLES, bool))
    # Of 300 draws, four and five degrees of freedom each.
    np.testing.assert_allclose(figures["spread_to_error"], 1, atol=0.1)
    np.testing.assert_allclose(figures["innovation_ratio"], 1, atol=0.15)
    assert remarks_of(series(), 0.0) == ()


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"error": 3.0, "spread": 0.2}, "lost the truth: the error is .*, the spread 0.2 .*Try"),
        ({"error": 0.1, "spread": 0.5}, "underconfident"),
        ({"innovation": 9.0}, "innovations .* times .* forecasts have larger errors"),
        ({"innovation": 0.3}, "innovations .*observation_error, is too large"),
    ],
)
def test_a_filter_that_is_too_sure_or_not_sure_enough_is_told_of(run, message):
    (remark,) = remarks_of(series(**run), 0.0)
    assert re.search(message, remark)


def test_without_a_truth_the_innovations_tell():
    blind = series(error=3.0, spread=0.2, innovation=9.0)
    del blind["analysis_rmse"]
    assert [remark.split(" y")[0] for remark in remarks_of(blind, 0.0)] == [
        "The squares of the innovations"
    ]


def test_a_few_cycles_say_nothing():
    short = {name: values[:5] for name, values in series(error=3.0, spread=0.2).items()}
    assert remarks_of(short, 0.0) == ()


def test_a_run_inside_its_burn_in_is_told_of():
    (remark,) = remarks_of(series(), 1000.0)
    assert remark.startswith("No cycle counts: the run ended at time 300")
    assert np.isnan(consistency(series(), np.zeros(CYCLES, bool))["spread_to_error"])


def test_an_observation_operator_that_is_not_finite_is_named():
    failed = series() | {"forecast_spread": np.ones(CYCLES)}
    failed["loss"][-1] = np.nan
    (remark,) = remarks_of(failed, 0.0)
    assert "observation_operator(t, x) of it was not" in remark
    failed["forecast_spread"][-1] = np.inf
    assert remarks_of(failed, 0.0) == ()
