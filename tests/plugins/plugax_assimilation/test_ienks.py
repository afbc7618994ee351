"""The iterative ensemble Kalman smoother: Kalman's answers, Gauss–Newton, the scores."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation._ensemble import ObservedEnsemble, forecast, see
from plugax_assimilation.ensemble._enkf_n import EnKFN
from plugax_assimilation.ensemble._ensemble_gauss_newton import minimise
from plugax_assimilation.ensemble._etkf import ETKF
from plugax_assimilation.ensemble._ienks import IEnKS
from plugax_assimilation.ensemble._window_run import Run
from plugax_assimilation.scores._ensemble_scores import crps, rank_histogram
from plugax_lorenz96 import Lorenz96

pytestmark = pytest.mark.usefixtures("x64")

STATES, OBSERVED, TIMES = 3, 2, 7
random = np.random.default_rng(0)
MODEL = np.linalg.qr(random.normal(size=(STATES, STATES)))[0] * 1.1
OPERATOR = random.normal(size=(OBSERVED, STATES))
ERROR = np.array([[1.0, 0.3], [0.3, 0.5]])
OBSERVATIONS = random.normal(size=(TIMES, OBSERVED))
PLAIN = {"members": 6, "inflation": 1.0, "rotate": False, "keep": "members"}


def model(t, x):
    """Linear dynamics; one function, so that like problems are solved by one program."""
    return jnp.asarray(MODEL, x.dtype) @ x


def operator(t, x):
    return jnp.asarray(OPERATOR, x.dtype) @ x


def linear(observations=OBSERVATIONS, **parts):
    return ss.StateSpace(
        model,
        np.arange(1.0, len(observations) + 1),
        observations,
        operator,
        ss.DenseCovariance(ERROR),
        ss.Gaussian(jnp.ones(STATES), ss.ScalarCovariance(1.0, STATES)),
        dt=1.0,
        integrator="map",
        **parts,
    )


def moments(ensemble):
    return np.mean(ensemble, 0), np.cov(np.asarray(ensemble).T)


@eqx.filter_jit
def first_step(solver, problem, state, key):
    """What the first window makes of a state, and the metrics."""
    window = jax.tree.map(lambda leaf: leaf[: solver.lag], problem.cycles)
    return solver.step(problem, state, window, key)


def starts(solver, problem, seed=0):
    """The ensemble that a run begins with."""
    return solver.init(problem, None, jr.split(jr.key(seed), 4)[1]).start


def smoothed_by_kalman(mean, covariance, lag, observations):
    """Mean and covariance of every time up to the last, in one block, after all observations."""
    steps = [np.linalg.matrix_power(MODEL, k) for k in range(lag + 1)]
    states = np.concatenate(steps)
    mean, covariance = states @ mean, states @ covariance @ states.T
    rows = [(k, y) for k, y in enumerate(observations, 1) if np.isfinite(y).all()]
    operator = np.concatenate(
        [OPERATOR @ np.eye(STATES * (lag + 1))[k * STATES : (k + 1) * STATES] for k, _ in rows]
    )
    innovation = np.concatenate([y for _, y in rows]) - operator @ mean
    error = np.kron(np.eye(len(rows)), ERROR)
    gain = covariance @ operator.T @ np.linalg.inv(operator @ covariance @ operator.T + error)
    return mean + gain @ innovation, covariance - gain @ operator @ covariance


# Every value of every option is among the quick ones; the long run has all combinations.
WINDOWS = ((1, 1), (3, 1), (3, 2), (3, 3))
QUICK = (((1, 1), 1, False), ((3, 1), 3, True), ((3, 2), 3, False), ((3, 3), 1, True))
COMBINATIONS = [
    pytest.param(*options, marks=[] if options in QUICK else pytest.mark.slow)
    for options in itertools.product(WINDOWS, (1, 3), (False, True))
]


@pytest.mark.parametrize(("window", "iterations", "rotate"), COMBINATIONS)
def test_on_a_linear_model_it_is_the_kalman_filter_and_smoother(window, iterations, rotate):
    lag, shift = window
    observations = OBSERVATIONS.copy()
    observations[2] = np.nan
    problem = linear(observations)
    solver = IEnKS(lag=lag, shift=shift, iterations=iterations, **PLAIN | {"rotate": rotate})
    solution = px.solve(problem, solver)
    last = solution.steps * shift
    assert last == TIMES // shift * shift
    mean, covariance = moments(starts(solver, problem))
    means, covariances = smoothed_by_kalman(mean, covariance, last, observations[:last])
    found_mean, found_covariance = moments(solution.series["analysis"][-1])
    np.testing.assert_allclose(found_mean, means[-STATES:], atol=1e-11)
    np.testing.assert_allclose(found_covariance, covariances[-STATES:, -STATES:], atol=1e-11)
    np.testing.assert_allclose(solution.unknowns, means[-STATES:], atol=1e-11)
    # The start of the window that would come next.
    at = max(0, last - lag + shift) * STATES
    found_mean, found_covariance = moments(solution.state.start)
    np.testing.assert_allclose(found_mean, means[at : at + STATES], atol=1e-11)
    expected = covariances[at : at + STATES, at : at + STATES]
    np.testing.assert_allclose(found_covariance, expected, atol=1e-11)


@eqx.filter_jit
def analysed(solver, problem, ensemble, key):
    """What a filter makes of an ensemble at the first observation time."""
    cycle = jax.tree.map(lambda leaf: leaf[0], problem.cycles)
    ensemble = forecast(problem, ensemble, cycle, key)
    return solver.analyse(problem, ensemble, see(problem, ensemble, cycle), key)


@pytest.mark.parametrize("rotate", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_with_one_iteration_and_lag_one_it_is_the_etkf_however_nonlinear(rotate):
    problem, solver = lorenz(cycles=1), IEnKS(iterations=1, rotate=rotate)
    state, key = solver.init(problem, None, jr.key(0)), jr.key(1)
    found, _ = first_step(solver, problem, state, key)
    expected, _ = analysed(ETKF(members=25, rotate=False), problem, state.start, key)
    if rotate:
        for moment, other in zip(moments(found.front), moments(expected), strict=True):
            np.testing.assert_allclose(moment, other, atol=1e-11)
    else:
        np.testing.assert_allclose(found.front, expected, atol=1e-11)


def test_with_a_finite_size_prior_it_is_the_enkf_n_on_a_linear_model():
    problem, solver = linear(), IEnKS(xN=1.5, **PLAIN)
    state, key = solver.init(problem, None, jr.key(0)), jr.key(1)
    found, metrics = first_step(solver, problem, state, key)
    enkf_n = EnKFN(members=6, xN=1.5, rotate=False)
    expected, told = analysed(enkf_n, problem, state.start, key)
    np.testing.assert_allclose(found.front, expected, atol=1e-8)  # Newton's tolerance squared
    np.testing.assert_allclose(metrics["inflation_factor"], told["inflation_factor"], rtol=1e-7)


@pytest.mark.parametrize(
    ("lag", "shift", "iterations"),
    [
        (1, 1, 1),
        (3, 2, 3),
        pytest.param(1, 1, 3, marks=pytest.mark.slow),
        pytest.param(3, 2, 1, marks=pytest.mark.slow),
    ],
)
def test_innovation_statistics_are_those_of_all_new_observations_together(lag, shift, iterations):
    diagnostics = ("innovations", "signal")
    solver = IEnKS(lag=lag, shift=shift, iterations=iterations, diagnostics=diagnostics, **PLAIN)
    observations = OBSERVATIONS.copy()
    observations[lag - 1, 1] = np.nan
    problem = linear(observations)
    state = solver.init(problem, None, jr.key(0))
    found = first_step(solver, problem, state, jr.key(1))[1]
    mean, covariance = moments(np.asarray(state.start))
    times = range(lag - shift + 1, lag + 1)
    there = np.isfinite(observations[lag - shift : lag]).ravel()
    operator = np.concatenate([OPERATOR @ np.linalg.matrix_power(MODEL, k) for k in times])[there]
    error = np.kron(np.eye(shift), ERROR)[np.ix_(there, there)]
    innovation = observations[lag - shift : lag].ravel()[there] - operator @ mean
    background = operator @ covariance @ operator.T
    gain = background @ np.linalg.inv(background + error)
    residual = np.linalg.solve(error, innovation - gain @ innovation)
    expected = {
        "chi_squared": innovation @ np.linalg.solve(background + error, innovation) / there.sum(),
        "desroziers_observation": residual @ innovation / there.sum(),
        "desroziers_background": innovation
        @ np.linalg.solve(error, gain @ innovation)
        / np.trace(np.linalg.solve(error, background)),
        "degrees_of_freedom_for_signal": np.trace(gain),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-9, err_msg=name)


def test_scores_of_the_ensemble_are_those_of_its_front():
    solver = IEnKS(lag=2, diagnostics=("crps", "rank-histogram"), **PLAIN)
    states = np.stack([np.linalg.matrix_power(MODEL, k) @ np.ones(STATES) for k in range(TIMES)])
    solution = px.solve(linear(truth=states), solver)
    pairs = jnp.asarray(solution.series["analysis"]), jnp.asarray(states)
    expected, ranks = (jax.jit(jax.vmap(score))(*pairs) for score in (crps, rank_histogram))
    np.testing.assert_allclose(solution.series["analysis_crps"], expected, rtol=1e-12)
    np.testing.assert_array_equal(solution.series["rank_histogram"], ranks)


TARGET = np.array([1.1, 1.0])


def curved(x):
    """Two numbers of three, by an operator that is not linear."""
    return jnp.stack([jnp.exp(x[0]) * x[1], jnp.sin(x[2]) + x[0] ** 2])


def curved_run(ensemble):
    """What is observed of an ensemble; one function, so that all minima share programs."""
    seen = jax.vmap(curved)(ensemble)
    mean = jnp.mean(seen, 0)
    seen = ObservedEnsemble((seen - mean[None]) / 0.1, (TARGET - mean) / 0.1, jnp.asarray(2))
    return Run(ensemble, ensemble, seen, None)


def minimum(iterations, tolerance=1e-12):
    """Of a cost that is not quadratic, with two observations of three numbers."""
    start = 0.5 + 0.1 * jr.normal(jr.key(0), (5, 3))
    found = eqx.filter_jit(minimise)(
        start,
        curved_run,
        iterations=iterations,
        tolerance=jnp.asarray(tolerance),
        certainty=None,
        any_root=False,
    )

    def cost(weights):
        x = jnp.mean(start, 0) + weights @ (start - jnp.mean(start, 0)[None])
        misfit = (TARGET - curved(x)) / 0.1
        return (len(start) - 1) * jnp.sum(weights**2) / 2 + jnp.sum(misfit**2) / 2

    anomalies = start - jnp.mean(start, 0)[None]
    increment = jnp.mean(found.ensemble, 0) - jnp.mean(start, 0)
    weights = jnp.linalg.lstsq(anomalies.T, increment)[0]
    return found, cost, weights


def test_iterations_lower_the_cost_and_end_at_its_minimum():
    (_, cost, first), (_, _, last) = minimum(1), minimum(20)
    assert cost(jnp.zeros(5)) > 3 * cost(last)
    assert cost(first) > cost(last)
    # Sensitivities are those of an ensemble, not tangents at its mean, so the gradient is not zero,
    # but all around the cost is higher.
    around = jax.jit(jax.vmap(cost))(last[None] + 0.05 * jr.normal(jr.key(0), (50, 5)))
    assert cost(last) < jnp.min(around)


def test_iterations_end_where_they_no_longer_move():
    found, _, _ = minimum(50, tolerance=1e-6)
    assert 2 < int(found.iterations) < 50
    rough, _, _ = minimum(50, tolerance=0.5)
    assert int(rough.iterations) < int(found.iterations)


def test_the_smoothed_error_is_that_at_the_start_of_the_window():
    states = np.stack(
        [np.linalg.matrix_power(MODEL, k) @ np.ones(STATES) for k in range(TIMES + 1)]
    )
    problem = linear(truth=states[1:])
    solver = IEnKS(lag=3, **PLAIN)
    solution = px.solve(problem, solver)
    mean, covariance = moments(starts(solver, problem))
    found = solution.series["smoothed_rmse"]
    assert solution.steps == TIMES
    for step in range(TIMES):
        last = step + 1
        means, _ = smoothed_by_kalman(mean, covariance, last, OBSERVATIONS[:last])
        at = last - 3 if last > 3 else last  # nobody knows the truth at time 0
        error = means[at * STATES : (at + 1) * STATES] - states[at]
        assert found[step] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-9)


def test_without_truth_there_are_no_errors_and_without_observations_nothing_changes():
    rows = np.full((TIMES, OBSERVED), np.nan)
    rows[-1] = 0.0
    solution = px.solve(linear(rows), IEnKS(lag=2, **PLAIN), steps=TIMES - 1)
    assert solution.status.success
    assert not {"analysis_rmse", "smoothed_rmse"} & solution.series.keys()
    mean, _ = moments(starts(IEnKS(lag=2, **PLAIN), linear(rows)))
    expected = np.linalg.matrix_power(MODEL, TIMES - 1) @ mean
    np.testing.assert_allclose(solution.unknowns, expected, atol=1e-12)


def test_inflation_widens_the_ensemble_at_the_start_of_the_window_and_rotation_does_not():
    problem = linear()

    def covariance(**options):
        solver = IEnKS(**PLAIN | options)
        state = solver.init(problem, None, jr.key(0))
        return moments(first_step(solver, problem, state, jr.key(1))[0].start)[1]

    np.testing.assert_allclose(covariance(inflation=1.3), 1.69 * covariance(), rtol=1e-10)
    np.testing.assert_allclose(covariance(rotate=True), covariance(), atol=1e-12)


def test_additive_noise_widens_the_ensemble_at_the_start_of_the_window_and_keeps_its_mean():
    problem = linear()

    def after(**options):
        solver = IEnKS(**PLAIN | {"members": 4000} | options)
        state = solver.init(problem, None, jr.key(0))
        return moments(first_step(solver, problem, state, jr.key(1))[0].start)

    (mean, covariance), (noisy_mean, noisy) = after(), after(additive=0.7)
    # The start of the next window is the analysis run once more where the lag is the shift.
    np.testing.assert_allclose(noisy_mean, mean, atol=1e-11)
    added = 0.49 * MODEL @ MODEL.T
    # Sample covariances of 4000 members scatter by √(2/4000) of variances of about 1.
    np.testing.assert_allclose(noisy, covariance + added, atol=0.1)
    assert not np.allclose(noisy, covariance, atol=0.1)


def test_the_models_error_spreads_the_members_and_is_drawn_once_for_all_iterations():
    still = np.full((2, OBSERVED), np.nan)
    still[1] = 0.0
    problem = linear(still, model_error=ss.ScalarCovariance(0.5, STATES))
    solver = IEnKS(**PLAIN | {"members": 4000})
    state = solver.init(problem, None, jr.key(0))
    after, metrics = first_step(solver, problem, state, jr.key(1))
    expected = MODEL @ moments(state.start)[1] @ MODEL.T + 0.25 * np.eye(STATES)
    # Sample covariances of 4000 members scatter by √(2/4000) of variances of about 1.5.
    np.testing.assert_allclose(moments(after.start)[1], expected, atol=0.15)
    np.testing.assert_allclose(after.start, after.front, atol=1e-12)
    assert metrics["iterations"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lag": 0}, "lag must be a whole number"),
        ({"lag": 2, "shift": 3}, "shift must be at most the lag, 2"),
        ({"iterations": 0}, "iterations must be a whole number"),
        ({"members": 1}, "members must be"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        IEnKS(**options)


def lorenz(cycles=1000, every=1):
    return ss.twin_experiment(
        Lorenz96(8.0),
        0.05 * every * np.arange(1, cycles + 2),
        lambda t, x: x,
        ss.ScalarCovariance(1.0, 40),
        ss.Gaussian(jnp.zeros(40).at[0].set(1.0), ss.ScalarCovariance(0.001**0.5, 40)),
        key=jr.key(0),
        dt=0.05,
        burn_in=20.0,
    )


@pytest.mark.slow
def test_the_score_on_lorenz96_is_that_measured():
    found = px.sweep(lorenz(), IEnKS(keep="nothing"), over={"seed": range(2)})
    # 600 cycles of one truth scatter by 0.006.
    score = found.metrics["analysis_rmse"].mean()
    assert 0.85 * 0.182 < score < 1.05 * 0.182 + 0.006
    assert found.metrics["smoothed_rmse"].mean() < 0.95 * score


@pytest.mark.slow
def test_the_score_of_a_long_window_with_a_finite_size_prior_is_that_measured():
    solver = IEnKS(members=20, lag=4, xN=2.0, inflation=1.0, keep="nothing")
    found = px.sweep(lorenz(1400, every=4), solver, over={"seed": range(2)})
    assert found.metrics["analysis_rmse"].mean() < 1.05 * 0.289


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::plugax.errors.PrecisionWarning")
def test_single_precision_stays():
    with jax.enable_x64(False):
        solution = px.solve(lorenz(cycles=20), IEnKS(lag=2, xN=1.0))
    assert solution.status.success
    assert solution.unknowns.dtype == jnp.float32
