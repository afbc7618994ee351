"""Inflation and relaxation do what their equations say."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax_state_space as ss
from plugax_assimilation.ensemble._etkf import ETKF

pytestmark = pytest.mark.usefixtures("x64")

STATES, MEMBERS = 3, 6
MODEL = 1.1 * np.linalg.qr(np.random.default_rng(1).normal(size=(STATES, STATES)))[0]
ENSEMBLE = np.asarray(np.random.default_rng(2).normal(size=(MEMBERS, STATES)))
PRIOR = ENSEMBLE @ MODEL.T


@pytest.fixture(scope="module")
def problem():
    with jax.enable_x64(True):
        return ss.StateSpace(
            lambda t, x: jnp.asarray(MODEL, x.dtype) @ x,
            np.arange(1.0, 3.0),
            np.ones((2, 2)),
            lambda t, x: x[:2],
            ss.ScalarCovariance(0.5, 2),
            ss.Gaussian(jnp.ones(STATES), ss.ScalarCovariance(1.0, STATES)),
            dt=1.0,
            integrator="map",
        )


def after(problem, key=0, **options):
    """Mean and anomalies after one cycle of an ETKF that does nothing else than asked."""
    solver = ETKF(members=MEMBERS, **{"inflation": 1.0, "rotate": False} | options)
    cycle = jax.tree.map(lambda leaf: leaf[0], problem.cycles)
    keys = jr.split(jr.key(key), 400) if "additive" in options else jr.key(key)[None]
    step = lambda key: solver.step(problem, jnp.asarray(ENSEMBLE), cycle, key)[0]  # noqa: E731
    ensembles = np.asarray(eqx.filter_jit(jax.vmap(step))(keys))
    ensembles = ensembles if "additive" in options else ensembles[0]
    mean = ensembles.mean(-2, keepdims=True)
    return mean.squeeze(-2), ensembles - mean


def centred(ensemble):
    return ensemble - ensemble.mean(0)


def test_inflation_multiplies_the_anomalies_after_the_analysis(problem):
    mean, anomalies = after(problem)
    inflated = after(problem, inflation=1.3)
    np.testing.assert_allclose(inflated[0], mean, atol=1e-13)
    np.testing.assert_allclose(inflated[1], 1.3 * anomalies, atol=1e-13)


def test_prior_inflation_multiplies_the_anomalies_before_it(problem):
    mean, anomalies = after(problem, prior_inflation=1.3)
    forecast = 1.3**2 * np.cov(PRIOR.T)
    gain = forecast[:, :2] @ np.linalg.inv(forecast[:2, :2] + 0.25 * np.eye(2))
    wanted = PRIOR.mean(0) + gain @ (np.ones(2) - PRIOR.mean(0)[:2])
    np.testing.assert_allclose(mean, wanted, atol=1e-13)
    np.testing.assert_allclose(np.cov(anomalies.T), forecast - gain @ forecast[:2], atol=1e-13)


@pytest.mark.parametrize("rotate", [False, True])
def test_rtpp_mixes_the_anomalies_with_those_of_the_forecast(problem, rotate):
    mean, anomalies = after(problem)
    mixed = after(problem, rtpp=0.3, rotate=rotate)
    np.testing.assert_allclose(mixed[0], mean, atol=1e-13)
    wanted = 0.7 * anomalies + 0.3 * centred(PRIOR)
    # Rotated anomalies have the same products.
    np.testing.assert_allclose(mixed[1].T @ mixed[1], wanted.T @ wanted, atol=1e-12)
    if not rotate:
        np.testing.assert_allclose(mixed[1], wanted, atol=1e-13)


@pytest.mark.parametrize("rotate", [False, True])
def test_rtps_brings_the_spread_back_towards_that_of_the_forecast(problem, rotate):
    mean, anomalies = after(problem)
    stretched = after(problem, rtps=0.3, rotate=rotate)
    np.testing.assert_allclose(stretched[0], mean, atol=1e-13)
    wanted = 0.7 * anomalies.std(0) + 0.3 * PRIOR.std(0)
    np.testing.assert_allclose(stretched[1].std(0), wanted, atol=1e-13)


def test_additive_inflation_adds_noise_that_leaves_the_mean(problem):
    mean, anomalies = after(problem)
    means, noisy = after(problem, additive=0.2)
    np.testing.assert_allclose(means, np.broadcast_to(mean, means.shape), atol=1e-13)
    noise = (noisy - anomalies).reshape(-1)
    # N numbers that sum to zero have N − 1 degrees of freedom.
    variance = 0.2**2 * (MEMBERS - 1) / MEMBERS
    assert np.mean(noise**2) == pytest.approx(variance, abs=4 * variance * np.sqrt(2 / noise.size))


def test_a_variable_without_spread_stays_without(problem):
    same = eqx.tree_at(lambda p: p.initial.mean, problem, jnp.ones(STATES))
    solver = ETKF(members=MEMBERS, rtps=0.5)
    cycle = jax.tree.map(lambda leaf: leaf[0], same.cycles)
    ensemble, metrics = eqx.filter_jit(solver.step)(
        same, jnp.ones((MEMBERS, STATES)), cycle, jr.key(0)
    )
    assert np.isfinite(ensemble).all()
    assert float(metrics["spread"]) == pytest.approx(0, abs=1e-14)
