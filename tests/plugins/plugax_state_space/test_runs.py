"""Whole runs on state-space problems: without a truth, on pytrees, in windows, cut and resumed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation import ETKF

MEMBERS = 20


def tracked(rows, mean=(1.0, 0.0), **parts):
    """A linear model of two numbers, with every part of it given."""
    matrix = jnp.asarray([[0.0, 1.0], [-1.0, -0.2]])
    return ss.StateSpace(
        lambda t, x: matrix.astype(x.dtype) @ x,
        0.3 * np.arange(1, len(rows) + 1),
        rows,
        lambda t, x: x[:1],
        ss.ScalarCovariance(0.1, 1),
        ss.Gaussian(np.asarray(mean), ss.ScalarCovariance(0.5, 2)),
        dt=0.1,
        **parts,
    )


def rows_of(count, seed=0):
    """Observations of the first number of that model, with errors."""
    times = 0.3 * np.arange(1, count + 1)
    frequency = np.sqrt(1 - 0.01)
    truth = np.exp(-0.1 * times) * np.cos(frequency * times)
    return (truth + 0.1 * np.random.default_rng(seed).normal(size=count))[:, None]


def kalman(rows, std, *, variance):
    """The mean of the Kalman filter's last analysis."""
    matrix = np.asarray([[0.0, 1.0], [-1.0, -0.2]])
    term = total = np.eye(2)
    for order in range(1, 5):  # what the classical scheme makes of the exponential
        term = term @ (0.1 * matrix) / order
        total = total + term
    step = np.linalg.matrix_power(total, 3)
    mean, covariance = np.asarray([1.0, 0.0]), variance * np.eye(2)
    observe = np.asarray([[1.0, 0.0]])
    for row in rows:
        mean, covariance = step @ mean, step @ covariance @ step.T
        if np.isnan(row[0]):
            continue
        gain = covariance @ observe.T / (covariance[0, 0] + std**2)
        mean = mean + gain[:, 0] * (row[0] - mean[0])
        covariance = covariance - gain @ observe @ covariance
    return mean


@pytest.fixture(autouse=True)
def _double(x64):
    pass


def test_an_ensemble_of_many_members_gives_the_answer_of_the_kalman_filter():
    rows = rows_of(12)
    rows[[2, 7]] = np.nan
    solution = px.solve(tracked(rows), ETKF(members=2000, inflation=1.0, rotate=False), seed=0)
    expected = kalman(rows, 0.1, variance=0.25)
    # A sampled covariance of 2000 members is off by 1/√1000; so is the weight of the prior, which
    # is a tenth of the answer or less at the end.
    np.testing.assert_allclose(solution.unknowns, expected, atol=0.01)


def test_from_another_start_it_is_the_same_kind_of_problem():
    rows = rows_of(6)
    elsewhere = tracked(rows, mean=(0.0, 2.0))
    moved = px.starting_at(tracked(rows), jnp.asarray([0.0, 2.0]))
    assert moved.initial.mean.tolist() == [0.0, 2.0]
    answers = [px.solve(problem, "ekf").unknowns for problem in (moved, elsewhere)]
    np.testing.assert_array_equal(*answers)


@pytest.mark.slow
def test_members_from_many_starts_are_as_alone():
    rows = rows_of(6)
    starts = np.asarray([[1.0, 0.0], [0.0, 2.0]])
    population = px.sweep(tracked(rows), "ekf", over={"start": starts})
    for member, mean in enumerate(starts):
        alone = px.solve(tracked(rows, mean=mean), "ekf")
        np.testing.assert_allclose(population.unknowns[member], alone.unknowns, rtol=1e-12)
        spread = population.metrics["spread"][member]
        np.testing.assert_allclose(spread, alone.metrics["spread"], rtol=1e-12)


def test_a_state_that_its_model_advances_cannot_be_bounded():
    with pytest.raises(px.errors.UnsuitableProblemError, match="a state that its model advances"):
        px.bounded(tracked(rows_of(3)), lower=0.0)


def test_without_a_truth_errors_are_left_out_and_all_else_is_there():
    solution = px.solve(tracked(rows_of(10)), ETKF(members=MEMBERS), seed=0)
    assert {"loss", "spread", "forecast_spread"} <= set(solution.metrics)
    assert not [name for name in solution.metrics if name.endswith("rmse")]
    assert np.isfinite(solution.series["spread"]).all()


def test_a_run_that_is_cut_and_resumed_is_the_whole_run(tmp_path):
    problem, solver = tracked(rows_of(12)), ETKF(members=MEMBERS)
    whole = px.solve(problem, solver, seed=3, chunk=5)
    px.solve(problem, solver, seed=3, steps=5, chunk=5, out=tmp_path / "run")
    rest = px.resume(tmp_path / "run", steps=12, problem=problem, solver=solver)
    np.testing.assert_array_equal(rest.unknowns, whole.unknowns)
    for name, values in whole.series.items():
        np.testing.assert_array_equal(rest.series[name], values)
    assert rest.metrics == whole.metrics


def test_a_run_ends_with_the_observations():
    assert px.solve(tracked(rows_of(7)), ETKF(members=MEMBERS), seed=0).steps == 7


def test_the_errors_of_observations_can_be_swept():
    population = px.sweep(
        tracked(rows_of(8)),
        ETKF(members=MEMBERS),
        over={"problem.observation_error.std": jnp.asarray([0.1, 10.0])},
    )
    spread = population.series["spread"]
    assert spread[0, -1] < spread[1, -1] / 3


def test_times_late_in_a_long_series_are_reached_in_single_precision():
    with jax.enable_x64(False):
        rows = rows_of(4)
        problem = ss.StateSpace(
            lambda t, x: -x,
            1e5 + 0.3 * np.arange(1, 5),
            rows,
            lambda t, x: x[:1],
            ss.ScalarCovariance(0.1, 1),
            ss.Gaussian(np.ones(2), ss.ScalarCovariance(0.5, 2)),
            dt=0.1,
            start=1e5,
        )
        assert problem.substeps == 3
        cycle = jax.tree.map(lambda leaf: leaf[3], problem.cycles)
        ahead = problem.forecast(jnp.ones(2), cycle)
        # Differences of times near 1e5 would be off by a hundredth.
        np.testing.assert_allclose(ahead, np.exp(-0.3), rtol=1e-5)
