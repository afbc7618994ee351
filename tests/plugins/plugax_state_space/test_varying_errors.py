"""Observation errors that vary in time, and observations that are made at the start."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss

pytestmark = pytest.mark.usefixtures("x64")

SLOPE, NOISE, TIMES = 0.9, 0.3, np.arange(5.0)
RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(5, 2))
STDS = np.asarray([0.5, 0.1, 2.0, 0.3, 0.7])
DENSE = np.asarray([[1.0, 0.6], [0.6, 1.0]])
EACH = {
    "scalars": [ss.ScalarCovariance(std, 2) for std in STDS],
    "function": lambda t: ss.DiagonalCovariance(np.asarray([0.1, 0.2]) * (1 + t)),
    "mixed": [ss.DenseCovariance(DENSE), *(ss.ScalarCovariance(std, 2) for std in STDS[1:])],
}


def problem(error, rows=ROWS, times=TIMES, **parts):
    return ss.StateSpace(
        lambda t, x: SLOPE * x,
        times,
        rows,
        lambda t, x: x,
        error,
        ss.Gaussian(np.ones(2), ss.ScalarCovariance(1.0, 2)),
        dt=1.0,
        integrator="map",
        model_error=ss.ScalarCovariance(NOISE, 2),
        **parts,
    )


def kalman(rows, errors):
    """The Kalman filter whose first observations are made at the start."""
    mean, covariance, means = np.ones(2), np.eye(2), []
    for number, (y, error) in enumerate(zip(rows, errors, strict=True)):
        if number:
            mean, covariance = SLOPE * mean, SLOPE**2 * covariance + NOISE**2 * np.eye(2)
        here = ~np.isnan(y)
        h = np.eye(2)[here]
        gain = covariance @ h.T @ np.linalg.inv(h @ (covariance + error) @ h.T)
        mean = mean + gain @ (y[here] - h @ mean)
        covariance = covariance - gain @ h @ covariance
        means.append(mean)
    return np.stack(means)


def matrices(error):
    each = [error(t) for t in TIMES] if callable(error) else error
    return [np.asarray(one.as_matrix()) for one in each]


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("missing", [False, True])
def test_every_time_has_its_own_error_and_the_start_is_not_forecast(name, missing):
    rows = ROWS.copy()
    if missing:
        rows[[0, 3], [1, 0]] = np.nan
    found = px.solve(problem(EACH[name], rows), "ekf", inflation=1.0)
    expected = kalman(rows, matrices(EACH[name]))
    # The list above was made in single precision.
    np.testing.assert_allclose(found.series["analysis"], expected, rtol=1e-5)


def test_windows_have_the_errors_of_their_times():
    one = px.solve(problem(EACH["scalars"]), "ekf", inflation=1.0)
    smoothers = ("weak-4dvar", {"window": 5, "shift": 5, "covariance": ss.ScalarCovariance(1.0, 2)})
    window = px.solve(problem(EACH["scalars"]), smoothers[0], **smoothers[1], rtol=1e-10)
    # At the end of its one window 4DVar with the model's errors is the Kalman filter.
    np.testing.assert_allclose(window.unknowns, one.unknowns, rtol=1e-6)


@pytest.mark.parametrize("method", ["etkf", "ienks"])
def test_an_ensemble_is_seen_at_the_start_as_it_was_drawn(method):
    there = problem(EACH["scalars"])
    found = px.solve(there, method, members=500, inflation=1.0, seed=0)
    expected = kalman(ROWS, matrices(EACH["scalars"]))
    # Sampling errors of 500 members.
    times = slice(1) if method == "ienks" else slice(None)  # it does not estimate model errors
    np.testing.assert_allclose(found.series["analysis"][times], expected[times], atol=0.1)
    first = found.series["forecast_spread"][0]
    np.testing.assert_allclose(first, 1.0, atol=0.1)


def test_a_twin_is_observed_with_the_errors_of_every_time():
    times = np.arange(600.0)
    twin = ss.twin_experiment(
        lambda t, x: SLOPE * x,
        times,
        lambda t, x: x,
        lambda t: ss.ScalarCovariance(0.1 if t < 300 else 3.0, 2),
        ss.Gaussian(np.ones(2), ss.ScalarCovariance(1.0, 2)),
        key=jax.random.key(0),
        dt=1.0,
        integrator="map",
    )
    noise = np.asarray(twin.cycles.observations - twin.cycles.truth)
    np.testing.assert_allclose(noise[:300].std(), 0.1, rtol=0.1)
    np.testing.assert_allclose(noise[300:].std(), 3.0, rtol=0.1)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (EACH["scalars"][:3], "one covariance for each of the 5 observation times; got 3"),
        ([*EACH["scalars"][:4], ss.ScalarCovariance(1.0, 3)], "the same size.*and 3 at time 4"),
        (lambda t: 0.1, "a function of time that returns one; got floats"),
    ],
)
def test_what_is_no_error_at_every_time_is_refused(error, message):
    with pytest.raises(px.PlugaxError, match=message):
        problem(error)


def test_observations_at_the_start_alone_are_analysed():
    alone = problem(ss.ScalarCovariance(1.0, 2), ROWS[:1], TIMES[:1])
    found = px.solve(alone, "ekf", inflation=1.0)
    np.testing.assert_allclose(found.unknowns, (1 + jnp.asarray(ROWS[0])) / 2, rtol=1e-12)
