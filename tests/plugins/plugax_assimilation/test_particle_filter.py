"""The bootstrap particle filter: the Kalman filter's answer, resampling, and Lorenz's attractor."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation.particle._effective_size import effective_size
from plugax_assimilation.particle._particle_filter import ParticleFilter
from plugax_assimilation.particle._particle_scores import (
    check_particle_diagnostics,
    particle_diagnostics_of,
)
from plugax_assimilation.particle._resampling import residual, systematic
from plugax_assimilation.scores._ensemble_scores import crps, weighted_crps
from plugax_lorenz96 import Lorenz63

pytestmark = pytest.mark.usefixtures("x64")

WAYS = {"systematic": systematic, "residual": residual}
SLOPE, NOISE, ERROR, TIMES = 0.9, 0.5, 0.8, 40


def model(t, x):
    """One function, so that like problems are solved by one program."""
    return SLOPE * x


def operator(t, x):
    return x


def walk(observations=None, size=1, **parts):
    """x ← 0.9 x + η, observed."""
    parts = {"model_error": ss.ScalarCovariance(NOISE, size)} | parts
    common = {"dt": 1.0, "integrator": "map"} | parts
    error = ss.ScalarCovariance(ERROR, size)
    initial = ss.Gaussian(jnp.zeros(size), ss.ScalarCovariance(1.0, size))
    times = np.arange(1.0, TIMES + 1)
    if observations is None:
        return ss.twin_experiment(model, times, operator, error, initial, key=jr.key(0), **common)
    return ss.StateSpace(model, times, observations, operator, error, initial, **common)


def kalman(problem):
    """Means and variances of all analyses."""
    mean, variance, answers = 0.0, 1.0, []
    available = problem.cycles.available
    for k, y in enumerate(np.asarray(problem.cycles.observations[:, 0])):
        mean, variance = SLOPE * mean, SLOPE**2 * variance + NOISE**2
        if available is None or available[k, 0]:
            gain = variance / (variance + ERROR**2)
            mean, variance = mean + gain * (y - mean), (1 - gain) * variance
        answers.append((mean, variance))
    return np.array(answers).T


@pytest.mark.parametrize(
    ("resampling", "missing"),
    [
        ("systematic", False),
        ("residual", True),
        pytest.param("systematic", True, marks=pytest.mark.slow),
        pytest.param("residual", False, marks=pytest.mark.slow),
    ],
)
def test_on_a_linear_gaussian_model_it_is_the_kalman_filter(resampling, missing):
    problem, members = walk(), 4000
    if missing:
        observations = np.array(problem.cycles.observations)
        observations[10:14] = np.nan
        problem = walk(observations, truth=problem.cycles.truth)
    solver = ParticleFilter(members=members, resampling=resampling, regularisation=None)
    solution = px.solve(problem, solver)
    means, variances = kalman(problem)
    # The standard error of a mean is √(variance / effective size), and the memory of earlier
    # resampling makes it about twice as large. 4 of these hold for 40 cycles.
    size = solution.series["effective_size"]
    scatter = 2 * np.sqrt(variances / size)
    assert (abs(solution.series["analysis"][:, 0] - means) < 4 * scatter).all()
    spread = solution.series["spread"]
    assert (abs(spread**2 - variances) < 4 * 2 * np.sqrt(2 / size) * variances).all()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_particles_go_on_as_often_as_their_weights_say(way):
    weights = jax.nn.softmax(3 * jr.normal(jr.key(0), (20,)))
    draws = 2000
    chosen = jax.vmap(way, (0, None))(jr.split(jr.key(1), draws), weights)
    counts = np.stack([np.bincount(row, minlength=20) for row in np.asarray(chosen)])
    wanted = 20 * np.asarray(weights)
    assert (counts >= np.floor(wanted)).all()
    if way is systematic:
        assert (counts <= np.floor(wanted) + 1).all()
    # Counts have a variance of at most that of independent draws.
    scatter = np.sqrt(wanted / draws)
    assert (abs(counts.mean(0) - wanted) < 4.5 * scatter).all()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_extreme_weights_are_resampled_as_they_should(way):
    equal = jnp.full((8,), 1 / 8)
    assert np.bincount(way(jr.key(0), equal), minlength=8).tolist() == [1] * 8
    for place in (0, 3, 7):
        one = jnp.zeros(8).at[place].set(1.0)
        assert np.asarray(way(jr.key(0), one)).tolist() == [place] * 8


@eqx.filter_jit
def step(solver, problem, seed=0):
    state = solver.init(problem, None, jr.key(seed))
    cycle = jax.tree.map(lambda leaf: leaf[0], problem.cycles)
    return solver.step(problem, state, cycle, jr.key(seed + 1))


@pytest.mark.slow
def test_the_threshold_decides_when_particles_are_drawn():
    sharp = walk(np.full((TIMES, 1), 2.0))
    _, metrics = step(ParticleFilter(members=50, threshold=0.99), sharp)
    assert metrics["resampled"] == 1
    assert 1 < float(metrics["effective_size"]) < 49
    after, metrics = step(ParticleFilter(members=50, threshold=0.0), sharp)
    assert metrics["resampled"] == 0
    weights = np.exp(after.log_weights)
    assert weights.sum() == pytest.approx(1)
    assert metrics["effective_size"] == pytest.approx(1 / np.sum(weights**2))
    solution = px.solve(sharp, ParticleFilter(members=50, threshold=0.99))
    # Counts are added up over the cycles.
    assert solution.metrics["resampled"] == solution.series["resampled"].sum() > 1


def test_very_unlikely_observations_leave_finite_weights():
    far = walk(np.full((TIMES, 1), 1e6))
    after, metrics = step(ParticleFilter(members=50), far)
    assert np.isfinite(np.asarray(after.states)).all()
    assert all(np.isfinite(np.asarray(value)).all() for value in metrics.values())
    assert float(metrics["effective_size"]) >= 1


@pytest.mark.parametrize(
    ("size", "members"), [(3, 4000), pytest.param(40, 30, marks=pytest.mark.slow)]
)
def test_regularisation_moves_copies_by_the_covariance_times_the_bandwidth(size, members):
    problem = walk(np.zeros((TIMES, size)), size=size, model_error=None)
    plain = ParticleFilter(members=members, threshold=1.0, regularisation=None, keep="members")
    moved = ParticleFilter(members=members, threshold=1.0, regularisation=2.0, keep="members")
    (before, told), (after, _) = step(plain, problem), step(moved, problem)
    assert told["resampled"] == 1
    moves = np.asarray(after.states - before.states)
    assert (moves != 0).all()
    width = 2 * (4 / ((size + 2) * members)) ** (1 / (size + 4))
    # The particles are drawn by their weights, so their variance is the weighted one, but for noise
    # of √(2 / N).
    expected = width**2 * np.var(np.asarray(before.states))
    assert np.mean(moves**2) == pytest.approx(expected, rel=4 * np.sqrt(2 / members))


@pytest.mark.slow
def test_innovation_statistics_on_a_linear_gaussian_model_are_those_of_the_kalman_filter():
    problem = walk()
    solver = ParticleFilter(members=4000, diagnostics=("crps", "innovations"))
    solution = px.solve(problem, solver)
    means, variances = kalman(problem)
    before = SLOPE * np.concatenate([[0.0], means[:-1]])
    prior = SLOPE**2 * np.concatenate([[1.0], variances[:-1]]) + NOISE**2
    innovation = np.asarray(problem.cycles.observations[:, 0]) - before
    expected = np.mean(innovation**2 / (prior + ERROR**2))
    # Means of 4000 particles are known to 2 % of a standard deviation, variances to 2 %.
    assert solution.series["chi_squared"].mean() == pytest.approx(expected, rel=0.05)
    assert solution.series["desroziers_observation"].mean() == pytest.approx(expected, rel=0.05)
    assert solution.series["desroziers_background"].mean() == pytest.approx(expected, rel=0.1)
    # Mean CRPS of a normal distribution whose spread is the error is σ/√π; 40 cycles scatter.
    scale = np.mean(np.sqrt(variances)) / np.sqrt(np.pi)
    assert 0.7 * scale < solution.series["analysis_crps"].mean() < 1.3 * scale


@pytest.mark.slow
@pytest.mark.parametrize("members", [1, 2, 7])
def test_weighted_crps_is_its_double_sum(members):
    states = jr.normal(jr.key(0), (members, 3)).at[-1].set(0.25)
    truth = jr.normal(jr.key(1), (3,))
    weights = jax.nn.softmax(2 * jr.normal(jr.key(2), (members,)))
    pairs = np.abs(states[:, None] - states[None])
    distance = np.einsum("i,j,ijk->k", weights, weights, pairs)
    expected = np.mean(weights @ np.abs(states - truth[None]) - distance / 2)
    score = jax.jit(weighted_crps)
    np.testing.assert_allclose(score(states, weights, truth), expected, rtol=1e-12)
    equal = jnp.full(members, 1 / members)
    same = jax.jit(crps)(states, truth)
    np.testing.assert_allclose(score(states, equal, truth), same, rtol=1e-12)


def test_diagnostics_that_weights_have_not_are_refused():
    with pytest.raises(px.PlugaxError, match="no diagnostic 'signal' of weighted particles; there"):
        check_particle_diagnostics(("crps", "signal"))
    assert particle_diagnostics_of(("innovations",)) == ("innovations",)


@pytest.mark.parametrize(
    "resampling", ["systematic", pytest.param("residual", marks=pytest.mark.slow)]
)
def test_on_lorenz63_errors_are_well_below_those_of_the_observations(resampling):
    problem = ss.twin_experiment(
        Lorenz63(),
        0.25 * np.arange(1, 401),
        lambda t, x: x,
        ss.ScalarCovariance(np.sqrt(2.0), 3),
        ss.Gaussian(jnp.array([1.5, -1.5, 25.5]), ss.ScalarCovariance(np.sqrt(2.0), 3)),
        key=jr.key(1),
        dt=0.01,
        burn_in=5.0,
    )
    solution = px.solve(problem, ParticleFilter(resampling=resampling))
    assert solution.metrics["analysis_rmse"] < 0.6 * np.sqrt(2.0)
    assert solution.metrics["analysis_rmse"] < solution.metrics["forecast_rmse"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": 1}, "members must be"),
        ({"threshold": 1.5}, "threshold must be from 0 to 1"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        ParticleFilter(**options)


@pytest.mark.filterwarnings("ignore::plugax.errors.PrecisionWarning")
@pytest.mark.parametrize(
    "resampling", ["systematic", pytest.param("residual", marks=pytest.mark.slow)]
)
def test_single_precision_stays(resampling):
    with jax.enable_x64(False):
        solution = px.solve(walk(), ParticleFilter(members=100, resampling=resampling))
    assert solution.status.success
    assert solution.unknowns.dtype == jnp.float32


def test_copies_count_as_one_particle():
    random = np.random.default_rng(3)
    states, weights = random.normal(size=(6, 2)), random.dirichlet(np.ones(6))
    size = 1 / np.sum(weights**2)
    found = jax.jit(effective_size)
    np.testing.assert_allclose(found(jnp.asarray(states), jnp.asarray(weights)), size)
    # Every particle twice, half the weight each, in any order, a copy off by rounding.
    order = random.permutation(12)
    twice = np.concatenate([states, states * (1 + 1e-15)])[order]
    halves = (np.concatenate([weights, weights]) / 2)[order]
    np.testing.assert_allclose(found(jnp.asarray(twice), jnp.asarray(halves)), size)
    collapsed = np.full((6, 2), 0.3)
    equal = np.full(6, 1 / 6)
    np.testing.assert_allclose(found(jnp.asarray(collapsed), jnp.asarray(equal)), 1)


@pytest.mark.slow
def test_a_collapse_is_told_of():
    """Observations far more precise than few particles are dense, and nothing to part copies."""
    problem = ss.twin_experiment(
        lambda t, x: 0.999 * x,
        np.arange(1.0, 41.0),
        lambda t, x: x,
        ss.ScalarCovariance(1e-3, 4),
        ss.Gaussian(np.zeros(4), ss.ScalarCovariance(1.0, 4)),
        key=jr.key(0),
        dt=1.0,
        integrator="map",
    )
    solution = px.solve(problem, ParticleFilter(members=20, regularisation=None), seed=0)
    np.testing.assert_allclose(solution.series["effective_size"][5:], 1, rtol=1e-6)
    assert any("particles have collapsed" in remark for remark in solution.status.remarks)
    assert any("lost the truth" in remark for remark in solution.status.remarks)
