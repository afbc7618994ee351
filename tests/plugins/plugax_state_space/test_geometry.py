"""Tables of neighbours are those that a look at every pair finds."""

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss

SIZES = {"line": 1, "plane": 2, "space": 3}
PERIODS = {"open": None, "ring": 5.0, "mixed": (5.0, 0.0, 7.0)}


def away(a, b, period):
    """The distance of two points on a domain that may close on itself, by all its images."""
    period = np.broadcast_to(np.asarray(period or 0.0, float), a.shape)
    images = [np.array([-1, 0, 1]) * size for size in period]
    shifts = np.stack(np.meshgrid(*images), -1).reshape(-1, len(a))
    return np.sqrt(np.min(np.sum((a - b + shifts) ** 2, -1)))


def pairs(near, row):
    real = np.isfinite(near.distances[row])
    return dict(zip(near.indices[row][real].tolist(), near.distances[row][real], strict=True))


@pytest.mark.parametrize("period", PERIODS.values(), ids=PERIODS)
@pytest.mark.parametrize("axes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("cutoff", [0.7, 3.1, np.inf])
def test_the_table_holds_the_pairs_within_the_cutoff_and_no_others(x64, axes, period, cutoff):
    if isinstance(period, tuple):
        period = period[:axes]
    random = np.random.default_rng(0)
    states, observations = 5 * random.random((30, axes)), 5 * random.random((17, axes))
    near = ss.Geometry(states, observations, period=period).near(cutoff)
    for row, x in enumerate(states):
        expected = {j: away(x, y, period) for j, y in enumerate(observations)}
        expected = {j: far for j, far in expected.items() if far <= cutoff}
        found = pairs(near, row)
        assert found.keys() == expected.keys()
        assert found == pytest.approx(expected, rel=1e-12)
        assert (np.diff(near.distances[row][: len(found)]) >= 0).all()
    assert near.indices.shape[1] == max(1, *(len(pairs(near, row)) for row in range(30)))


def test_a_table_may_be_that_of_observations_among_themselves_or_to_states(x64):
    geometry = ss.Geometry(np.arange(6), np.array([1.0, 4.4]), period=6.0)
    to_states = geometry.near(1.0, of="observations", to="states")
    assert [set(pairs(to_states, row)) for row in (0, 1)] == [{0, 1, 2}, {4, 5}]
    others = geometry.near(3.0, of="observations", to="observations")
    assert pairs(others, 0) == pytest.approx({0: 0.0, 1: 2.6})


def test_what_lies_nowhere_is_near_everything(x64):
    geometry = ss.Geometry(np.array([0.0, 1.0, np.nan]), np.array([0.0, 5.0, np.nan]))
    assert geometry.nowhere.tolist() == [False, False, True]
    near = geometry.near(0.5)
    assert [pairs(near, row) for row in range(3)] == [
        {0: 0.0, 2: 0.0},
        {2: 0.0},
        {0: 0.0, 1: 0.0, 2: 0.0},
    ]


def test_a_distance_of_ones_own_takes_the_place_of_the_euclidean_one(x64):
    random = np.random.default_rng(1)
    states, observations = random.random((20, 2)), random.random((9, 2))
    usual = ss.Geometry(states, observations)
    own = ss.Geometry(
        states, observations, distance=lambda a, b: np.sqrt(np.sum((a - b) ** 2, axis=-1))
    )
    for expected, found in zip(usual.near(0.4), own.near(0.4), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    block = ss.Geometry(states, observations, distance=lambda a, b: np.abs(a - b).max(-1))
    expected = np.abs(states[:, None] - observations[None]).max(-1) <= 0.4
    assert sum(len(pairs(block.near(0.4), row)) for row in range(20)) == expected.sum()


def test_where_nothing_is_near_a_row_is_infinitely_far(x64):
    near = ss.Geometry(np.array([0.0, 9.0]), np.array([4.0])).near(1.0)
    assert near.indices.tolist() == [[0], [0]]
    assert np.isinf(near.distances).all()


def test_a_table_grows_with_the_pairs_and_not_with_their_possible_number():
    count = 100_000
    near = ss.Geometry(np.arange(count), np.arange(count), period=count).near(3.0)
    assert near.indices.shape == (count, 7)
    assert set(near.indices[0].tolist()) == {0, 1, 2, 3, count - 1, count - 2, count - 3}


def test_positions_in_single_precision_stay_inside_their_period():
    geometry = ss.Geometry(jnp.linspace(0.0, 0.999, 50), jnp.array([0.5]), period=1.0)
    assert np.isfinite(geometry.near(0.1).distances).any()


@pytest.mark.parametrize(
    ("axes", "period", "message"),
    [
        (1, (-10.0, 10.0), "length of the domain.*subtract a and give period=b"),
        (2, (-10.0, 10.0), "length of the domain"),
        (1, -10.0, "length of the domain"),
        (1, float("nan"), "length of the domain"),
        (2, (10.0, np.inf), "length of the domain"),
        (2, (10.0,), "a tuple of one for each of the 2"),
        (1, (10.0, 10.0), "a tuple of one for each of the 1"),
        (1, (), "a tuple of one for each of the 1"),
    ],
)
def test_a_period_that_cannot_be_meant_is_refused(axes, period, message):
    positions = np.full((3, axes), 5.0)
    with pytest.raises(px.PlugaxError, match=f"(?s){message}"):
        ss.Geometry(positions, positions, period=period)


def test_one_period_is_that_of_all_axes_and_an_axis_may_stay_open():
    positions = np.asarray([[0.5, 0.5], [9.5, 9.5]])
    assert ss.Geometry(positions, positions, period=10.0).period == (10.0, 10.0)
    half = ss.Geometry(positions, positions, period=(10.0, None))
    assert half.period == ss.Geometry(positions, positions, period=(10, 0)).period == (10.0, 0.0)
    np.testing.assert_allclose(half.near(20.0).distances[0, 1], np.hypot(1.0, 9.0), rtol=1e-6)


@pytest.mark.parametrize("place", [[np.nan, 1.0], [1.0, np.inf]])
def test_a_position_that_is_infinite_or_partly_nowhere_is_refused(place):
    with pytest.raises(px.PlugaxError, match="states must be finite, or NaN on all axes"):
        ss.Geometry(np.asarray([[0.0, 0.0], place]), np.zeros((1, 2)))
