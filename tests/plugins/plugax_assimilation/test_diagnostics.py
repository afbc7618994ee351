import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy import stats

import plugax as px
import plugax_state_space as ss
from plugax_assimilation import ETKF
from plugax_assimilation._ensemble import ObservedEnsemble, see
from plugax_assimilation.linear_algebra._factor import Factor
from plugax_assimilation.scores._diagnostics import check_diagnostics, diagnostics_of
from plugax_assimilation.scores._ensemble_scores import crps, rank_histogram
from plugax_assimilation.scores._innovations import chi_squared, degrees_of_freedom_for_signal
from plugax_assimilation.scores._verification import ensemble_metrics

ALL = ("crps", "rank-histogram", "innovations", "signal")
OF_TRUTH = {"analysis_crps", "forecast_crps", "rank_histogram", "forecast_rank_histogram"}
OF_OBSERVATIONS = {
    "chi_squared",
    "desroziers_observation",
    "desroziers_background",
    "degrees_of_freedom_for_signal",
}

pytestmark = pytest.mark.usefixtures("x64")


def wave(t, x):
    """A damped rotation: linear, so that the Kalman filter is optimal."""
    return jnp.roll(x, 1) - jnp.roll(x, -1) - 0.2 * x


def most(t, x):
    """All variables but two."""
    return x[:-2]


def linear_twin(cycles, *, assumed_std=1.0, size=6, truth=True):
    """A linear Gaussian twin whose observation errors have the standard deviation 1."""
    twin = ss.twin_experiment(
        wave,
        0.5 * np.arange(1, cycles + 1),
        most,
        ss.ScalarCovariance(1.0, size - 2),
        ss.Gaussian(jnp.zeros(size), ss.ScalarCovariance(1.0, size)),
        model_error=ss.ScalarCovariance(0.5, size),
        key=jr.key(1),
        dt=0.25,
        burn_in=20.0,
    )
    if assumed_std != 1.0:
        error = ss.ScalarCovariance(assumed_std, size - 2)
        twin = eqx.tree_at(lambda problem: problem.observation_error, twin, error)
    return twin if truth else eqx.tree_at(lambda p: p.cycles.truth, twin, None)


@functools.cache
def solved(assumed_std=1.0):
    with jax.enable_x64(True):
        return px.solve(
            linear_twin(2000, assumed_std=assumed_std),
            ETKF(members=64, inflation=1.0, diagnostics=ALL),
        )


def averaged(solution, name):
    """The mean after the burn-in, and its standard error from the means of blocks of 50 cycles."""
    values = solution.series[name][50:]
    blocks = values[: len(values) // 50 * 50].reshape(-1, 50).mean(1)
    return blocks.mean(), blocks.std(ddof=1) / np.sqrt(len(blocks))


@pytest.mark.slow
def test_in_an_optimal_filter_innovations_and_residuals_are_as_large_as_they_should_be():
    for name in ("chi_squared", "desroziers_observation", "desroziers_background"):
        mean, error = averaged(solved(), name)
        # Four standard errors, and 1/N for a covariance known from N = 64 members only.
        assert abs(mean - 1) < 4 * error + 1 / 64, name


def test_residuals_show_observation_errors_that_are_assumed_too_large():
    assert solved(assumed_std=2.0).metrics["desroziers_observation"] < 0.5


def test_in_an_optimal_filter_the_spread_is_the_error():
    for when in ("", "forecast_"):
        spread = solved().series[f"{when}spread"][50:]
        rmse = solved().series[f"{when or 'analysis_'}rmse"][50:]
        ratio = np.sqrt(np.mean(rmse**2) / np.mean(spread**2))
        # The error's mean square over 1950 cycles is known to some 2 %.
        assert abs(ratio - 1) < 0.05


@pytest.mark.parametrize("name", ["rank_histogram", "forecast_rank_histogram"])
def test_in_an_optimal_filter_the_truth_may_take_every_rank(name):
    # Every tenth cycle, so that the ranks are nearly independent; 13 classes of 5 ranks.
    counts = solved().series[name][50::10].sum(0).reshape(13, 5).sum(1)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_ranks_are_added_up_over_the_cycles_after_the_burn_in():
    counts = np.asarray(solved().metrics["rank_histogram"])
    assert counts.shape == (65,)
    assert counts.sum() == 6 * (2000 - 40)


def test_the_innovations_of_an_etkf_and_its_residuals_tell_the_same_of_the_observations():
    # d_a = (I + HPHᵀ)⁻¹ d, so d_a · d is the innovations' χ², to rounding.
    series = solved().series
    np.testing.assert_allclose(series["chi_squared"], series["desroziers_observation"], rtol=1e-9)


def test_the_crps_of_a_normal_ensemble_is_that_of_the_normal_distribution():
    # The solved twin's ensembles are normal: E|x − t| = 2σ/√π for x, t of the same distribution, of
    # which the ensemble's own spread takes half.
    mean, error = averaged(solved(), "analysis_crps")
    spread, _ = averaged(solved(), "spread")
    # The variables' spreads differ by a tenth, whose mean and root mean square differ by 1 %.
    assert abs(mean - spread / np.sqrt(np.pi)) < 4 * error + 0.02 * spread


@pytest.mark.slow
def test_diagnostics_change_nothing_and_come_only_where_asked_for():
    problem = linear_twin(30)
    plain = px.solve(problem, ETKF(members=8))
    asked = px.solve(problem, ETKF(members=8, diagnostics=ALL))
    assert set(asked.series) - set(plain.series) == OF_TRUTH | OF_OBSERVATIONS
    for name, values in plain.series.items():
        np.testing.assert_allclose(values, asked.series[name], rtol=1e-10)


def test_without_truth_what_needs_it_is_left_out():
    solution = px.solve(linear_twin(30, truth=False), ETKF(members=8, diagnostics=ALL))
    assert not OF_TRUTH & set(solution.series)
    assert set(solution.series) >= OF_OBSERVATIONS


@pytest.mark.parametrize("members", [1, 2, 5, 8])
def test_crps_is_its_double_sum(members):
    ensemble = jr.normal(jr.key(0), (members, 3)).at[-1].set(0.25)  # ties included
    ensemble = ensemble.at[0].set(0.25)
    truth = jr.normal(jr.key(1), (3,))
    pairs = np.abs(ensemble[:, None] - ensemble[None]).mean((0, 1))
    expected = np.mean(np.abs(ensemble - truth[None]).mean(0) - pairs / 2)
    np.testing.assert_allclose(jax.jit(crps)(ensemble, truth), expected, rtol=1e-12)


@pytest.mark.parametrize("truth", [-0.5, 0.3, 2.0])
def test_crps_of_many_members_is_the_closed_form_of_the_normal_distribution(truth):
    members, mean, std = 2000, 0.4, 1.5
    quantiles = stats.norm.ppf((np.arange(members) + 0.5) / members, mean, std)
    z = (truth - mean) / std
    cdf, density = stats.norm.cdf(z), stats.norm.pdf(z)
    expected = std * (z * (2 * cdf - 1) + 2 * density - 1 / np.sqrt(np.pi))
    found = crps(jnp.asarray(quantiles)[:, None], jnp.array([truth]))
    # Steps of 1/N in the distribution function cost an order of 1/N.
    np.testing.assert_allclose(found, expected, atol=1 / members)


def test_crps_does_not_depend_on_the_order_of_members_and_scales_with_the_unit():
    ensemble, truth = jr.normal(jr.key(0), (7, 4)), jr.normal(jr.key(1), (4,))
    shuffled = jr.permutation(jr.key(2), ensemble)
    np.testing.assert_allclose(crps(shuffled, truth), crps(ensemble, truth), rtol=1e-12)
    np.testing.assert_allclose(crps(3 * ensemble, 3 * truth), 3 * crps(ensemble, truth), rtol=1e-12)


def test_ranks_count_the_members_below_and_ties_take_the_middle():
    ensemble = jnp.array([[0.0, 0.0, 1.0, 5.0], [1.0, 0.0, 1.0, 5.0], [2.0, 9.0, 1.0, 5.0]])
    truth = jnp.array([1.5, -1.0, 1.0, 6.0])
    # Two members below; none; a tie with all three, ranks 0 to 3; all below.
    assert rank_histogram(ensemble, truth).tolist() == [1, 1, 1, 1]


def whitened(members, observed):
    anomalies = 2 * jr.normal(jr.key(0), (members, observed))
    return ObservedEnsemble(
        anomalies=anomalies - anomalies.mean(0)[None],
        innovation=jr.normal(jr.key(1), (observed,)),
        count=jnp.asarray(observed),
    )


@jax.jit
def statistics(seen):
    """The inverse of the Gram matrix, and what is made of it."""
    factor = Factor(seen.anomalies)
    return factor.inverse, chi_squared(seen, factor), degrees_of_freedom_for_signal(factor)


@pytest.mark.parametrize(("members", "observed"), [(5, 12), (12, 5), (6, 6)])
def test_innovation_statistics_are_those_of_dense_matrices(members, observed):
    seen = whitened(members, observed)
    inverse, chi, found = statistics(seen)
    hph = seen.anomalies.T @ seen.anomalies / (members - 1)
    solved = jnp.linalg.solve(jnp.eye(observed) + hph, seen.innovation)
    assert inverse.shape == (min(members, observed),) * 2
    np.testing.assert_allclose(chi, seen.innovation @ solved / observed, rtol=1e-10)
    signal = jnp.trace(jnp.linalg.solve(jnp.eye(observed) + hph, hph))
    np.testing.assert_allclose(found, signal, rtol=1e-10)


@eqx.filter_jit
def metrics_of(problem, cycle):
    prior = jr.normal(jr.key(3), (5, 6))
    seen = see(problem, prior, cycle)
    posterior = 0.5 * prior
    return ensemble_metrics(
        problem,
        cycle,
        prior=prior,
        posterior=posterior,
        seen=seen,
        keep="nothing",
        diagnostics=ALL,
    )


def observing(observations, operator, observed):
    """A state of six numbers at one time, of which some are observed."""
    return ss.StateSpace(
        wave,
        [0.5],
        np.asarray(observations)[None],
        operator,
        ss.ScalarCovariance(0.7, observed),
        ss.Gaussian(jnp.zeros(6), ss.ScalarCovariance(1.0, 6)),
        dt=0.5,
        truth=np.ones((1, 6)),
    )


@pytest.mark.parametrize("operator", ["all", "twice"])
def test_missing_observations_are_as_if_they_had_never_been_there(operator):
    # Six and twelve observations beside five members: both sizes of the Gram matrix remain.
    times = 1 if operator == "all" else 2
    everything = np.tile(np.linspace(-1, 1, 6), times)
    there = np.tile(np.array([True, False, True, True, False, False]), times)
    full = observing(
        np.where(there, everything, np.nan), lambda t, x: jnp.tile(x, times), 6 * times
    )
    few = observing(
        everything[there], lambda t, x: jnp.tile(x, times)[np.flatnonzero(there)], int(there.sum())
    )
    with_gaps, without = (
        metrics_of(problem, jax.tree.map(lambda leaf: leaf[0], problem.cycles))
        for problem in (full, few)
    )
    assert set(with_gaps) == set(without)
    for name, value in without.items():
        np.testing.assert_allclose(with_gaps[name], value, rtol=1e-10, atol=1e-12, err_msg=name)


def test_a_time_without_any_observation_tells_nothing():
    problem = observing(np.ones(6), lambda t, x: x, 6)
    cycle = jax.tree.map(lambda leaf: leaf[0], problem.cycles)
    cycle = eqx.tree_at(
        lambda c: (c.observations, c.available),
        cycle,
        (jnp.zeros(6), jnp.zeros(6, bool)),
        is_leaf=lambda leaf: leaf is None,
    )
    metrics = metrics_of(problem, cycle)
    for name in ("chi_squared", "desroziers_observation", "desroziers_background"):
        assert metrics[name] == 1
    np.testing.assert_allclose(metrics["degrees_of_freedom_for_signal"], 0, atol=1e-12)


def test_diagnostics_keep_the_precision_of_the_ensemble():
    seen = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), whitened(5, 12))
    factor = Factor(seen.anomalies)
    assert chi_squared(seen, factor).dtype == jnp.float32
    assert degrees_of_freedom_for_signal(factor).dtype == jnp.float32
    assert crps(seen.anomalies, seen.innovation).dtype == jnp.float32


def test_a_diagnostic_that_does_not_exist_is_refused_with_those_that_do():
    assert diagnostics_of(("crps", "signal")) == ("crps", "signal")
    with pytest.raises(px.PlugaxError, match="no diagnostic 'rank'; there are crps, rank-hist"):
        check_diagnostics(("rank",))
    with pytest.raises(px.PlugaxError, match=r"must be a tuple of names; got 'crps' for"):
        check_diagnostics("crps")
