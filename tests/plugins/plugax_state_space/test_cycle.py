"""The series of observations that a problem is given, as cycles."""

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_state_space._cycle import cycles_of

ROWS = np.arange(6.0).reshape(3, 2)


def test_durations_run_from_the_start_and_may_differ(x64):
    cycles = cycles_of([1.0, 1.5, 4.0], ROWS, start=0.25)
    np.testing.assert_array_equal(cycles.time, [1.0, 1.5, 4.0])
    np.testing.assert_array_equal(cycles.duration, [0.75, 0.5, 2.5])
    np.testing.assert_array_equal(cycles.observations, ROWS)
    assert cycles.available is None
    assert cycles.truth is None


def test_durations_of_late_times_keep_their_digits_in_single_precision():
    times = 100_000 + 0.05 * np.arange(1, 4)
    cycles = cycles_of(times, ROWS, start=100_000.0)
    assert cycles.time.dtype == cycles.duration.dtype == jnp.float32
    np.testing.assert_allclose(cycles.duration, 0.05, rtol=1e-6)


def test_missing_observations_are_marked_and_made_zero():
    rows = ROWS.copy()
    rows[1, 0] = rows[2] = np.nan
    cycles = cycles_of([1.0, 2.0, 3.0], rows)
    np.testing.assert_array_equal(cycles.available, ~np.isnan(rows))
    np.testing.assert_array_equal(cycles.observations, np.nan_to_num(rows))


def test_the_truth_may_be_any_pytree():
    truth = {"a": np.zeros((3, 2)), "b": np.arange(3)}
    cycles = cycles_of([1.0, 2.0, 3.0], ROWS, truth=truth)
    assert cycles.truth["a"].shape == (3, 2)
    assert jnp.issubdtype(cycles.truth["b"].dtype, jnp.floating)


@pytest.mark.parametrize(
    ("times", "rows", "more", "message"),
    [
        (1.0, ROWS, {}, r"times must be a row.*shape \(\)"),
        ([], ROWS[:0], {}, r"times must be a row.*shape \(0,\)"),
        ([1, 2, 3], ROWS[:, 0], {}, r"axes \(times, observed\), with 3 times; got shape \(3,\)"),
        ([1, 2], ROWS, {}, r"with 2 times; got shape \(3, 2\)"),
        ([1, 3, 2], ROWS, {}, "time 2 is 2.0, after 3.0"),
        ([1, 2, np.nan], ROWS, {}, "time 2 is nan, after 2.0"),
        ([-1, 1, 2], ROWS, {}, "time 0 is -1.0, after 0.0"),
        ([0, 0, 2], ROWS, {}, "time 1 is 0.0, after 0.0"),
        ([1, 2, 3], ROWS, {"start": 1.5}, "increase from the start at 1.5; time 0 is 1.0"),
        ([1, 2, 3], ROWS + np.inf, {}, "infinite; write NaN"),
        ([1, 2, 3], ROWS * np.nan, {}, "nothing was observed"),
        ([1, 2, 3], ROWS, {"truth": np.zeros((2, 5))}, r"3 observation times.*shape \(2, 5\)"),
        ([1, 2, 3], ROWS, {"truth": 1.0}, r"shape \(\)"),
    ],
)
def test_unusable_series_are_refused(times, rows, more, message):
    with pytest.raises(px.PlugaxError, match=message):
        cycles_of(times, rows, **more)
