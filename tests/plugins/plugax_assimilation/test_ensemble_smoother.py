"""A lag makes a smoother of a filter: the law of Gauss and Markov, and better scores."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation.ensemble._enkf import EnKF
from plugax_assimilation.ensemble._etkf import ETKF
from plugax_assimilation.ensemble._serial_enkf import SerialEnKF
from plugax_lorenz96 import Lorenz96

pytestmark = pytest.mark.usefixtures("x64")

STATES, OBSERVED, TIMES, LAG, MEMBERS = 3, 2, 7, 3, 8
random = np.random.default_rng(0)
MODEL = np.linalg.qr(random.normal(size=(STATES, STATES)))[0] * 1.05
OPERATOR = random.normal(size=(OBSERVED, STATES))
OBSERVATIONS = random.normal(size=(TIMES, OBSERVED))
TRUTH = random.normal(size=(TIMES, STATES))


@pytest.fixture(scope="module")
def linear():
    with jax.enable_x64(True):
        return ss.StateSpace(
            lambda t, x: jnp.asarray(MODEL, x.dtype) @ x,
            np.arange(1.0, TIMES + 1),
            OBSERVATIONS,
            lambda t, x: jnp.asarray(OPERATOR, x.dtype) @ x,
            ss.ScalarCovariance(0.5, OBSERVED),
            ss.Gaussian(jnp.ones(STATES), ss.ScalarCovariance(1.0, STATES)),
            dt=1.0,
            integrator="map",
            truth=TRUTH,
        )


def smoother(solver):
    return {
        "etkf": lambda **options: ETKF(members=MEMBERS, inflation=1.0, **options),
        "serial": lambda **options: SerialEnKF(members=MEMBERS, inflation=1.0, **options),
    }[solver]


def regressed(start, cycle, observed_until):
    """Mean and covariance of the state at a cycle given all observations up to another, at once.

    Everything is linear in the first state, so that this is one least-squares problem.
    """
    mean, covariance = start.mean(0), np.cov(start.T)
    powers = [np.linalg.matrix_power(MODEL, k + 1) for k in range(TIMES)]
    operator = np.concatenate([OPERATOR @ powers[k] for k in range(observed_until + 1)])
    misfit = OBSERVATIONS[: observed_until + 1].ravel() - operator @ mean
    error = 0.25 * np.eye(len(operator))
    gain = covariance @ operator.T @ np.linalg.inv(operator @ covariance @ operator.T + error)
    mean, covariance = mean + gain @ misfit, covariance - gain @ operator @ covariance
    return powers[cycle] @ mean, powers[cycle] @ covariance @ powers[cycle].T


@pytest.mark.parametrize("solver", ["etkf", "serial"])
def test_with_a_linear_model_it_is_the_fixed_lag_kalman_smoother(solver, linear):
    made = smoother(solver)(lag=LAG, keep="members")
    keys = jr.split(jr.key(5), TIMES)
    start = made.init(linear, linear.init(keys[0]), keys[0])

    def step(state, here):
        return made.step(linear, state, *here)

    _, metrics = jax.jit(lambda start: jax.lax.scan(step, start, (linear.cycles, keys)))(start)
    first = np.asarray(start.ensembles[:, :STATES])
    for cycle in range(TIMES):
        then = max(cycle - LAG, 0)
        mean, covariance = regressed(first, then, cycle)
        smoothed = np.asarray(metrics["smoothed"][cycle])
        np.testing.assert_allclose(smoothed.mean(0), mean, atol=1e-11)
        np.testing.assert_allclose(np.cov(smoothed.T), covariance, atol=1e-11)
        error = np.sqrt(np.mean((mean - TRUTH[then]) ** 2))
        np.testing.assert_allclose(metrics["smoothed_rmse"][cycle], error)
        spread = np.sqrt(np.mean(np.diag(covariance)))
        np.testing.assert_allclose(metrics["smoothed_spread"][cycle], spread)


def test_a_lag_leaves_the_analysis_as_it_is(linear):
    filtered = px.solve(linear, smoother("etkf")())
    smoothed = px.solve(linear, smoother("etkf")(lag=LAG))
    np.testing.assert_allclose(smoothed.unknowns, filtered.unknowns, rtol=1e-11)
    for name, values in filtered.series.items():
        np.testing.assert_allclose(smoothed.series[name], values, rtol=1e-10, err_msg=name)


@pytest.mark.parametrize("method", [ETKF, pytest.param(EnKF, marks=pytest.mark.slow)])
def test_smoothing_lowers_the_error_of_a_chaotic_model(method):
    n = 40
    problem = ss.twin_experiment(
        Lorenz96(8.0),
        0.05 * np.arange(1, 1002),
        lambda t, x: x,
        ss.ScalarCovariance(1.0, n),
        ss.Gaussian(jnp.zeros(n).at[0].set(1.0), ss.ScalarCovariance(0.001**0.5, n)),
        key=jr.key(0),
        dt=0.05,
        burn_in=20.0,
    )
    metrics = px.solve(problem, method(lag=10)).metrics
    assert metrics["smoothed_rmse"] < 0.85 * metrics["analysis_rmse"]
