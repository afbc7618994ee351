"""What a state-space problem computes: forecasts, observations, the loss, the summary of a run."""

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import plugax as px
import plugax_state_space as ss
from plugax.testing import collect_checks
from plugax_state_space._check import substeps_of


@pytest.mark.slow
def test_springs_conform(make_springs):
    rows = np.full((4, 2), 0.5)
    rows[2, 1] = np.nan
    truth = {"q": np.zeros((4, 2)), "p": np.zeros((4, 2))}
    problem = make_springs(observations=rows, truth=truth)
    left_out = ["check_figures"]  # they have tests of their own
    for check in collect_checks(problems={"springs": problem}, without={"springs": left_out}):
        check()


def test_a_forecast_runs_from_one_observation_time_to_the_next(make_springs, cycle_of):
    problem = make_springs()
    for number, start in ((0, 0.0), (3, 0.5)):
        cycle = cycle_of(problem, number)
        ahead = problem.forecast(problem.initial.mean, cycle)
        fine = px.integrator("dopri8").trajectory(
            problem.model,
            problem.initial.mean,
            dt=cycle.duration / 40,
            steps=40,
            every=40,
            t0=start,
        )
        # RK4 in steps of 0.05, at most: its error is about 1e-7 here.
        expected = jax.tree.map(lambda leaf: leaf[0], fine)
        np.testing.assert_allclose(ravel_pytree(ahead)[0], ravel_pytree(expected)[0], atol=1e-6)


def test_the_longest_interval_is_divided_into_steps_of_at_most_dt(make_springs):
    assert make_springs().substeps == 14
    assert substeps_of([0.1, 0.2, 0.3 + 1e-12], start=0.0, dt=0.05) == 2
    assert substeps_of([0.05], start=0.0, dt=1.0) == 1
    for dt in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(px.PlugaxError, match="dt must be positive"):
            substeps_of([0.1], start=0.0, dt=dt)


def test_the_loss_is_half_the_squared_misfit_at_the_time_of_the_observation(make_springs, cycle_of):
    problem = make_springs()
    cycle = cycle_of(problem, 1)
    x = problem.forecast(problem.initial.mean, cycle)
    observed = np.asarray([x["q"][0] + 0.4, x["q"][1] * x["p"][1]])
    expected = np.sum(((0.5 - observed) / [0.5, 2.0]) ** 2) / 2
    loss, metrics = problem.loss(problem.initial.mean, cycle, jax.random.key(0))
    np.testing.assert_allclose(loss, expected, rtol=1e-12)
    assert metrics == {}


def test_missing_observations_are_left_out_of_the_loss(make_springs, cycle_of):
    rows = np.asarray([[0.5, np.nan]] * 4)
    problem = make_springs(observations=rows)
    whole = make_springs()
    state, cycle = problem.initial.mean, cycle_of(problem, 0)
    misfit = problem.misfit(state, cycle)
    assert misfit[1] == 0
    np.testing.assert_array_equal(misfit[0], whole.misfit(state, cycle_of(whole, 0))[0])


def test_an_operator_of_lineax_may_observe(cycle_of, x64):
    matrix = jnp.asarray([[1.0, 0.0, 2.0]])
    problem = ss.StateSpace(
        lambda t, x: -x,
        [1.0],
        [[3.0]],
        lx.MatrixLinearOperator(matrix),
        ss.ScalarCovariance(1.0, 1),
        ss.Gaussian(np.ones(3), ss.ScalarCovariance(1.0, 3)),
        dt=0.1,
    )
    cycle = cycle_of(problem, 0)
    np.testing.assert_array_equal(problem.observe(cycle.time, jnp.arange(3.0)), [4.0])
    assert jnp.isfinite(problem.loss(problem.initial.mean, cycle, jax.random.key(0))[0])


def test_the_gradient_reaches_the_parameters_of_model_and_observations(make_springs, cycle_of):
    problem = make_springs()
    cycle = cycle_of(problem, 1)

    def loss(problem):
        return problem.loss(problem.initial.mean, cycle, jax.random.key(0))[0]

    slopes = eqx.filter_grad(loss)(problem)
    step = 1e-6
    for where in (lambda p: p.model.drive, lambda p: p.observation_operator.bias):
        ahead, back = (
            loss(eqx.tree_at(where, problem, where(problem) + sign * step)) for sign in (1, -1)
        )
        np.testing.assert_allclose(where(slopes), (ahead - back) / (2 * step), rtol=1e-6)


def test_the_summary_takes_means_after_the_burn_in_and_adds_up_counts(make_springs):
    problem = make_springs(burn_in=0.4)
    series = {
        "time": np.asarray([0.1, 0.4, 0.5, 1.2]),
        "analysis_rmse": np.asarray([9.0, 9.0, 1.0, 2.0]),
        "replaced_members": np.asarray([7, 1, 2, 3]),
        "ranks": np.asarray([[1, 0], [1, 0], [0, 1], [1, 0]]),
        "diverged": np.asarray([True, True, True, False]),
        "analysis": np.zeros((4, 3)),
    }
    summary = problem.summary(series)
    assert summary["analysis_rmse"] == 1.5
    assert summary["replaced_members"] == 5
    assert summary["diverged"] == 1
    np.testing.assert_array_equal(summary["ranks"], [1, 1])
    assert set(summary) == {"analysis_rmse", "replaced_members", "ranks", "diverged"}
    assert problem.summary({"loss": np.ones(4)}) == {}
    assert np.isnan(make_springs(burn_in=5.0).summary(series)["analysis_rmse"])


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_a_cycle_at_the_end_of_the_burn_in_is_not_counted(make_springs, precision):
    # Times are as they were computed, 0.15000000000000002 for one, or a rounding later still.
    exact = (0.05 * np.arange(1, 10_401)).astype(precision)
    later = np.nextafter(exact, np.inf, dtype=precision)
    for end, burn_in in ((3, 0.15), (7, 0.35), (400, 20.0), (401, 20.05), (10_399, 519.95)):
        problem = make_springs(burn_in=burn_in)
        for times in (exact, later):
            summary = problem.summary({"time": times, "cycles": np.ones(len(times), int)})
            assert summary["cycles"] == len(times) - end


def test_data_run_in_the_order_of_time(make_springs, cycle_of):
    problem = make_springs()
    assert problem.data.steps == 4
    step = jnp.asarray(2, "int32")
    batch = problem.data.next((), jax.random.key(0), step)[0]
    assert eqx.tree_equal(batch, cycle_of(problem, 2))


def test_a_draw_of_a_normal_distribution_of_pytrees_has_its_moments(x64):
    mean = {"a": jnp.asarray(1.0), "b": jnp.asarray([2.0, 3.0])}
    root = np.asarray([[1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    gaussian = ss.Gaussian(mean, ss.DenseCovariance(root @ root.T))
    count = 4000
    draws = jax.vmap(gaussian.sample)(jax.random.split(jax.random.key(0), count))
    flat = np.concatenate([np.asarray(draws["a"])[:, None], np.asarray(draws["b"])], axis=1)
    error = 5 * np.sqrt(np.diag(root @ root.T) / count)
    assert (np.abs(flat.mean(0) - [1.0, 2.0, 3.0]) < error).all()
    assert abs(np.cov(flat.T)[0, 1] - 2.0) < 5 * np.sqrt((2.0**2 + 5.0) / count)
    with pytest.raises(px.PlugaxError, match="mean has 3 numbers, but the covariance has size 2"):
        ss.Gaussian(mean, ss.ScalarCovariance(1.0, 2))
