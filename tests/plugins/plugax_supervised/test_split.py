"""The part that is kept back: every example is in one part, and classes keep their shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import plugax as px
from plugax_supervised._split import split


@given(st.integers(2, 200), st.floats(0.05, 0.9), st.integers(0, 5), st.integers(1, 4))
def test_the_parts_are_all_examples_and_classes_keep_their_shares(n, share, seed, classes):
    labels = np.random.default_rng(seed).integers(0, classes, n)
    try:
        training, kept = split(n, share, seed, labels)
    except px.PlugaxError:
        assert all(round(share * count) == 0 or count == 1 for count in np.bincount(labels))
        return
    np.testing.assert_array_equal(np.sort(np.concatenate([training, kept])), np.arange(n))
    for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
        assert np.sum(labels[training] == label) >= 1
        assert abs(np.sum(labels[kept] == label) - share * count) <= 1


def test_the_seed_draws_it_and_zero_keeps_none_back():
    np.testing.assert_array_equal(split(50, 0.2, 3)[1], split(50, 0.2, 3)[1])
    assert np.any(split(50, 0.2, 3)[1] != split(50, 0.2, 4)[1])
    assert len(split(50, 0.2, 3)[1]) == 10
    assert len(split(50, 0, 3)[1]) == 0


@pytest.mark.parametrize("share", [1.0, -0.1, 0.001])
def test_a_share_that_leaves_a_part_empty_is_refused(share):
    with pytest.raises(px.PlugaxError, match="share"):
        split(20, share, 0)
