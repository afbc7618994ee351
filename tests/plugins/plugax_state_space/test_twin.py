"""Twin experiments draw what they say they draw."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss

COUNT, SIZE = 400, 3
KEY = jax.random.key(3)


def decay(t, x):
    return -0.5 * x


def twin(**parts):
    parts = {
        "times": 0.5 * np.arange(1, COUNT + 1),
        "observation_operator": lambda t, x: 2 * x[:2],
        "observation_error": ss.DiagonalCovariance(np.asarray([0.5, 2.0])),
        "initial": ss.Gaussian(jnp.full(SIZE, 5.0), ss.ScalarCovariance(0.1, SIZE)),
        "key": KEY,
        "dt": 0.5,
    } | parts
    return ss.twin_experiment(decay, **parts)


@pytest.fixture(autouse=True)
def _double(x64):
    pass


def test_without_a_model_error_the_truth_is_a_run_of_the_model():
    problem = twin()
    first = jax.tree.map(lambda leaf: leaf[0], problem.cycles)
    rest = jax.tree.map(lambda leaf: leaf[1:], problem.cycles)
    states = problem.trajectory(first.truth, rest)
    np.testing.assert_allclose(states, rest.truth, rtol=1e-12)
    # e^{−0.25} of a start near 5.
    assert (jnp.abs(first.truth / jnp.exp(-0.25) - 5) < 0.5).all()


def test_observations_have_the_errors_that_the_problem_states():
    problem = twin()
    gap = np.asarray(problem.cycles.observations - 2 * problem.cycles.truth[:, :2])
    # Standard errors of means and of standard deviations of 400 draws, five of them.
    std = np.asarray([0.5, 2.0])
    assert (np.abs(gap.mean(0)) < 5 * std / np.sqrt(COUNT)).all()
    assert (np.abs(gap.std(0) / std - 1) < 5 / np.sqrt(2 * COUNT)).all()
    correlation = np.corrcoef(gap.T)[0, 1], np.corrcoef(gap[1:, 0], gap[:-1, 0])[0, 1]
    assert (np.abs(correlation) < 5 / np.sqrt(COUNT)).all()


def test_the_model_makes_the_error_that_the_problem_states():
    problem = twin(model_error=ss.ScalarCovariance(0.3, SIZE))
    truth = np.asarray(problem.cycles.truth)
    steps = jax.tree.map(lambda leaf: leaf[1:], problem.cycles)
    ahead = jax.vmap(problem.forecast)(jnp.asarray(truth[:-1]), steps)
    error = truth[1:] - np.asarray(ahead)
    assert abs(error.std() / 0.3 - 1) < 5 / np.sqrt(2 * error.size)
    assert abs(error.mean()) < 5 * 0.3 / np.sqrt(error.size)


def test_the_key_alone_decides():
    one, again, other = twin(), twin(), twin(key=jax.random.key(4))
    np.testing.assert_array_equal(one.cycles.observations, again.cycles.observations)
    assert (one.cycles.observations != other.cycles.observations).all()


def test_a_truth_may_be_given():
    truth = np.random.default_rng(0).normal(size=(COUNT, SIZE))
    problem = twin(truth=truth)
    np.testing.assert_array_equal(problem.cycles.truth, truth)
    gap = np.asarray(problem.cycles.observations) - 2 * truth[:, :2]
    assert abs(gap[:, 0].std() / 0.5 - 1) < 5 / np.sqrt(2 * COUNT)


def test_observations_may_be_missing():
    available = np.random.default_rng(0).random((COUNT, 2)) < 0.3
    problem, whole = twin(available=available), twin()
    np.testing.assert_array_equal(problem.cycles.available, available)
    expected = np.where(available, whole.cycles.observations, 0)
    np.testing.assert_array_equal(problem.cycles.observations, expected)
    assert whole.cycles.available is None


def test_all_other_parts_are_those_of_the_problem():
    geometry = ss.Geometry(np.arange(3.0), np.arange(2.0))
    problem = twin(geometry=geometry, burn_in=7.0, integrator="euler")
    assert problem.burn_in == 7.0
    assert problem.geometry is geometry
    assert problem.integrator.tableau.name == "euler"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"dt": 100.0, "integrator": "euler", "times": 100.0 * np.arange(1, 300)}, "diverged"),
        ({"available": np.ones((COUNT, 3), bool)}, r"booleans in the shape .* shape \(400, 3\)"),
        ({"available": np.ones((COUNT, 2))}, "got float64"),
        ({"times": 3.0}, "times must be a row"),
        ({"truth": np.zeros((2, 3))}, r"observation times .* got shape \(2, 3\)"),
        ({"observation_error": 3}, "must return 3 real numbers, as many as observation_error"),
    ],
)
def test_unusable_parts_are_refused(parts, message):
    if "observation_error" in parts:
        parts = {"observation_error": ss.ScalarCovariance(1.0, parts["observation_error"])}
    with pytest.raises(px.PlugaxError, match=message):
        twin(**parts)
