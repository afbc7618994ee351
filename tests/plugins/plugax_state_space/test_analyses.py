import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import plugax as px
import plugax_state_space as ss
from plugax_state_space._analyses import analyses
from plugax_state_space._augmented import augmented

pytestmark = pytest.mark.usefixtures("x64")

CYCLES, SIZE = 6, 4
TRUTH = np.arange(CYCLES * SIZE, dtype=float).reshape(CYCLES, SIZE)


def problem_of(mean, *, truth, observe=lambda t, x: x[:2], observations=None, observed=2):
    size = sum(np.size(leaf) for leaf in jax.tree.leaves(mean))
    if observations is None:
        observations = np.arange(CYCLES * observed, dtype=float).reshape(CYCLES, observed)
    return ss.StateSpace(
        lambda t, x: jax.tree.map(jnp.zeros_like, x),
        0.1 * np.arange(1, CYCLES + 1),
        observations,
        observe,
        ss.ScalarCovariance(1.0, observed),
        ss.Gaussian(mean, ss.ScalarCovariance(1.0, size)),
        dt=0.1,
        truth=truth,
    )


def solution_of(problem, **series):
    return px.Solution(
        unknowns=None,
        status=px.Status("completed", ""),
        metrics={},
        steps=len(series["time"]),
        compile_seconds=0.0,
        run_seconds=0.0,
        provenance={},
        series=series,
        evaluation_series={},
        state=None,
        problem=problem,
        solver=None,
    )


def times_of(problem):
    return np.asarray(problem.cycles.time)


def test_analysis_truth_and_observations_stand_at_the_same_times():
    problem = problem_of(np.zeros(SIZE), truth=TRUTH)
    found = analyses(
        solution_of(problem, time=times_of(problem), analysis=TRUTH + 0.5),
    )
    assert found["analysis"].dims == found["truth"].dims == ("time", "variable")
    assert found["observations"].dims == ("time", "observation")
    assert found["time"].attrs["units"] == "model time units"
    np.testing.assert_array_equal(found["analysis"] - found["truth"], 0.5)
    np.testing.assert_array_equal(found["time"], times_of(problem))


def test_a_method_over_windows_has_the_truth_and_observations_of_its_own_times():
    problem = problem_of(np.zeros(SIZE), truth=TRUTH)
    ends = np.array([1, 3, 5])
    found = analyses(
        solution_of(problem, time=times_of(problem)[ends], analysis=np.zeros((3, SIZE)))
    )
    np.testing.assert_array_equal(found["truth"], TRUTH[ends])
    np.testing.assert_array_equal(found["observations"], [[2, 3], [6, 7], [10, 11]])


def test_members_have_a_dimension():
    problem = problem_of(np.zeros(SIZE), truth=TRUTH)
    members = np.stack([TRUTH - 1, TRUTH, TRUTH + 1], axis=1)
    found = analyses(solution_of(problem, time=times_of(problem), analysis=members))
    assert found["analysis"].dims == ("time", "member", "variable")
    xr.testing.assert_allclose(found["analysis"].mean("member"), found["truth"].rename("analysis"))


def test_missing_observations_are_nan_and_no_truth_is_no_variable():
    observations = np.zeros((CYCLES, 2))
    observations[2, 1] = np.nan
    problem = problem_of(np.zeros(SIZE), truth=None, observations=observations)
    found = analyses(solution_of(problem, time=times_of(problem), analysis=TRUTH))
    assert set(found) == {"analysis", "observations"}
    assert np.isnan(found["observations"]).sum() == 1
    assert np.isnan(found["observations"][2, 1])


def test_every_array_of_a_state_is_a_variable_with_its_own_dimensions(tmp_path):
    mean = {"height": np.zeros((2, 3)), "level": np.zeros(())}
    truth = {"height": np.ones((CYCLES, 2, 3)), "level": np.arange(float(CYCLES))}
    problem = problem_of(mean, truth=truth, observe=lambda t, x: x["height"][0], observed=3)
    # Rows are as `ravel_pytree` has them: heights first, in the order of the keys.
    rows = np.concatenate([np.ones((CYCLES, 6)), np.arange(float(CYCLES))[:, None]], axis=1)
    solution = solution_of(problem, time=times_of(problem), analysis=rows)
    found = analyses(solution)
    assert found["analysis_height"].dims == ("time", "height_0", "height_1")
    assert found["analysis_level"].dims == ("time",)
    np.testing.assert_array_equal(found["analysis_height"], found["truth_height"])
    np.testing.assert_array_equal(found["analysis_level"], found["truth_level"])
    found.to_netcdf(tmp_path / "analyses.nc", engine="scipy")
    with xr.open_dataset(tmp_path / "analyses.nc", engine="scipy") as again:
        xr.testing.assert_identical(again.load(), found)


class Drift(eqx.Module):
    speed: jax.Array

    def __call__(self, t, x):
        return jnp.broadcast_to(self.speed, x.shape)


def test_parameters_stand_beside_the_state_that_is_verified():
    state = problem_of(np.zeros(SIZE), truth=TRUTH)
    state = eqx.tree_at(lambda problem: problem.model, state, Drift(jnp.asarray(0.0)))
    speed = ss.Gaussian(jnp.asarray(1.0), ss.ScalarCovariance(1.0, 1))
    problem = augmented(state, lambda problem: problem.model.speed, speed)
    rows = np.concatenate([TRUTH, np.full((CYCLES, 1), 8.0)], axis=1)
    found = analyses(solution_of(problem, time=times_of(problem), analysis=rows))
    assert set(found) == {"analysis", "parameters", "truth", "observations"}
    np.testing.assert_array_equal(found["analysis"], found["truth"])
    assert found["parameters"].dims == ("time",)
    np.testing.assert_array_equal(found["parameters"], 8.0)
    smoothed = {"smoothed": rows + 1, "smoothed_time": times_of(problem)}
    found = analyses(solution_of(problem, time=times_of(problem), analysis=rows, **smoothed))
    assert set(found) == {
        *("analysis", "parameters", "smoothed", "smoothed_parameters", "truth", "observations")
    }
    np.testing.assert_array_equal(found["smoothed_parameters"], 9.0)


def test_smoothed_states_stand_at_the_time_they_are_of():
    problem = problem_of(np.zeros(SIZE), truth=TRUTH)
    time = times_of(problem)
    # A lag of two cycles; the first three speak of the first time.
    then = np.array([0, 0, 0, 1, 2, 3])
    smoothed = TRUTH[then] + 0.1 * np.arange(CYCLES)[:, None]
    series = {"time": time, "analysis": TRUTH + 9, "smoothed_time": time[then]}
    found = analyses(solution_of(problem, **series, smoothed=smoothed))
    assert found["smoothed"].dims == ("time", "variable")
    errors = (found["smoothed"] - found["truth"]).values
    np.testing.assert_allclose(errors[:4, 0], [0.2, 0.3, 0.4, 0.5])
    assert np.isnan(errors[4:]).all()
    members = np.stack([smoothed - 1, smoothed + 1], axis=1)
    series["analysis"] = np.zeros((CYCLES, 2, SIZE))
    found = analyses(solution_of(problem, **series, smoothed=members))
    assert found["smoothed"].dims == found["analysis"].dims
    np.testing.assert_allclose((found["smoothed"].mean("member") - found["truth"]).values, errors)


def test_of_a_short_run_with_a_lag_only_the_first_time_is_smoothed():
    problem = problem_of(np.zeros(SIZE), truth=None)
    time = times_of(problem)[:2]
    series = {"time": time, "analysis": TRUTH[:2], "smoothed": TRUTH[:2]}
    found = analyses(solution_of(problem, **series, smoothed_time=time[[0, 0]]))
    np.testing.assert_array_equal(found["smoothed"][0], TRUTH[1])
    assert np.isnan(found["smoothed"][1]).all()


@pytest.mark.slow
@pytest.mark.parametrize("keep", ["mean", "members"])
def test_the_errors_of_smoothed_states_are_those_that_the_smoother_told(keep):
    problem = problem_of(np.zeros(SIZE), truth=TRUTH)
    solution = px.solve(problem, "etkf", members=6, lag=2, keep=keep)
    found = analyses(solution)
    smoothed = found["smoothed"] if keep == "mean" else found["smoothed"].mean("member")
    errors = np.sqrt(((smoothed - found["truth"]) ** 2).mean("variable", skipna=False))
    np.testing.assert_allclose(errors[:4], solution.series["smoothed_rmse"][2:], rtol=1e-12)
    assert np.isnan(errors[4:]).all()
    assert "smoothed_rmse" in solution.metrics
    assert "smoothed_time" not in solution.metrics


def test_without_analyses_the_error_tells_how_to_keep_them():
    problem = problem_of(np.zeros(SIZE), truth=TRUTH)
    with pytest.raises(px.PlugaxError, match='keep="mean"'):
        analyses(solution_of(problem, time=times_of(problem)))


def test_a_solution_of_another_kind_of_problem_has_none():
    with pytest.raises(px.PlugaxError, match=r"state-space problem .* this one is of a Regression"):
        analyses(solution_of(px.problem("regression", points=5), time=np.zeros(1)))
