"""Thinned curves look as the whole ones do."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plugax.report._thin import thin

CURVES = arrays(float, st.integers(1, 3000), elements=st.floats(allow_nan=True, width=32))


@given(CURVES, st.integers(5, 500))
def test_extremes_ends_and_gaps_stay(values, most):
    places = thin(values, most)
    assert places.size <= most or values.size <= most
    assert np.all(np.diff(places) > 0)
    assert {0, values.size - 1} <= set(places.tolist())
    finite = values[np.isfinite(values)]
    kept = values[places]
    if finite.size:
        assert np.nanmax(kept[np.isfinite(kept)]) == finite.max()
        assert np.nanmin(kept[np.isfinite(kept)]) == finite.min()
    assert np.isfinite(kept).all() == np.isfinite(values).all()


def test_a_short_curve_stays_whole():
    np.testing.assert_array_equal(thin(np.arange(7.0), 7), np.arange(7))


def test_every_spike_of_a_long_curve_is_seen():
    values = np.zeros(1_000_000)
    spikes = np.arange(1000, 1_000_000, 50_000)
    values[spikes] = 1.0
    assert set(spikes.tolist()) <= set(thin(values, 900).tolist())
