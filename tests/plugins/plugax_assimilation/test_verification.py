import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation._ensemble import see
from plugax_assimilation.scores._verification import ensemble_metrics, rmse, spread
from plugax_assimilation.scores._verified import verified_ensemble

pytestmark = pytest.mark.usefixtures("x64")

MEAN = {"height": jnp.zeros((2, 2)), "wind": jnp.zeros(3)}


def still(t, x):
    return jax.tree.map(jnp.zeros_like, x)


def wind(t, x):
    return x["wind"]


class HeightsOnly(ss.AbstractStateSpace):
    """Heights and winds, of which the true heights are known; one cycle."""

    model: object
    integrator: px.AbstractIntegrator
    substeps: int
    observation_operator: object
    observation_error: ss.AbstractCovariance
    model_error: None
    initial: ss.Gaussian
    climatology: None
    geometry: None
    cycles: ss.Cycle
    burn_in: float

    def __init__(self, truth):
        self.model = still
        self.integrator = px.integrator("rk4")
        self.substeps = 1
        self.observation_operator = wind
        self.observation_error = ss.ScalarCovariance(2.0, 3)
        self.model_error = self.climatology = self.geometry = None
        self.initial = ss.Gaussian(MEAN, ss.ScalarCovariance(1.0, 7))
        self.cycles = ss.Cycle(
            time=jnp.array([1.0]),
            duration=jnp.array([1.0]),
            observations=jnp.array([[1.0, 2.0, 3.0]]),
            available=None,
            truth=truth,
        )
        self.burn_in = 0.0

    def verified(self, state):
        return {"height": state["height"]}

    def diagnose(self, state):
        return {"strongest_wind": jnp.max(state["wind"])}


def cycle_of(problem):
    return jax.tree.map(lambda leaf: leaf[0], problem.cycles)


@pytest.fixture
def problem():
    return HeightsOnly({"height": jnp.arange(4.0).reshape(1, 2, 2)})


@eqx.filter_jit
def figures(problem, prior, posterior, **options):
    cycle = cycle_of(problem)
    seen = see(problem, prior, cycle)
    return ensemble_metrics(problem, cycle, prior=prior, posterior=posterior, seen=seen, **options)


def metrics_of(problem, **options):
    prior, posterior = jr.normal(jr.key(0), (5, 7)), jr.normal(jr.key(1), (5, 7))
    metrics = figures(problem, prior, posterior, **{"keep": "nothing"} | options)
    return prior, posterior, metrics


def test_errors_and_spread_are_those_of_the_numbers_that_the_truth_is_given_for(problem):
    prior, posterior, metrics = metrics_of(problem)
    truth = np.arange(4.0)
    for ensemble, name in ((prior, "forecast_rmse"), (posterior, "analysis_rmse")):
        error = np.asarray(ensemble)[:, :4].mean(0) - truth
        np.testing.assert_allclose(metrics[name], np.sqrt(np.mean(error**2)), rtol=1e-12)
    for ensemble, name in ((prior, "forecast_spread"), (posterior, "spread")):
        variance = np.asarray(ensemble)[:, :4].var(0, ddof=1)
        np.testing.assert_allclose(metrics[name], np.sqrt(np.mean(variance)), rtol=1e-12)
    np.testing.assert_array_equal(verified_ensemble(problem, prior), prior[:, :4])


def test_the_loss_is_half_the_squared_innovation_and_time_that_of_the_analysis(problem):
    prior, posterior, metrics = metrics_of(problem)
    innovation = (np.array([1.0, 2.0, 3.0]) - np.asarray(prior)[:, 4:].mean(0)) / 2
    np.testing.assert_allclose(metrics["loss"], np.sum(innovation**2) / 2, rtol=1e-12)
    variances = np.asarray(prior)[:, 4:].var(0, ddof=1) / 2**2 + 1
    np.testing.assert_allclose(metrics["expected_loss"], variances.sum() / 2, rtol=1e-12)
    assert metrics["time"] == 1
    np.testing.assert_allclose(metrics["strongest_wind"], posterior.mean(0)[4:].max())


def test_what_is_kept_of_an_analysis_is_chosen(problem):
    _, posterior, metrics = metrics_of(problem, keep="mean")
    np.testing.assert_allclose(metrics["analysis"], posterior.mean(0), rtol=1e-12)
    _, posterior, metrics = metrics_of(problem, keep="members")
    np.testing.assert_array_equal(metrics["analysis"], posterior)
    assert "analysis" not in metrics_of(problem, keep="nothing")[2]


def test_without_truth_there_are_no_errors():
    _, _, metrics = metrics_of(HeightsOnly(None))
    always = {"loss", "expected_loss", "time", "spread", "forecast_spread"}
    assert set(metrics) == always | {"strongest_wind"}


def test_an_ensemble_at_the_truth_has_neither_error_nor_spread(problem):
    row = jnp.concatenate([jnp.arange(4.0), jnp.full(3, 9.0)])
    assert rmse(problem, row, cycle_of(problem)) == 0
    assert spread(problem, jnp.zeros((5, 7)).at[:, 4:].set(1.0)) == 0


def test_figures_of_an_ensemble_in_single_precision_are_in_single_precision(problem):
    lower = lambda leaf: leaf.astype(jnp.float32) if eqx.is_inexact_array(leaf) else leaf  # noqa: E731
    problem = jax.tree.map(lower, problem)
    prior = jr.normal(jr.key(0), (5, 7), jnp.float32)
    diagnostics = ("crps", "rank-histogram", "innovations", "signal")
    metrics = eqx.filter_eval_shape(
        figures, problem, prior, prior, keep="mean", diagnostics=diagnostics
    )
    for name, value in metrics.items():
        assert value.dtype == jnp.float32 or jnp.issubdtype(value.dtype, jnp.integer), name
