import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_lorenz96 import ObserveEveryKth, ObserveFirst, ObserveSubset

X = jnp.arange(-5.0, 6.0)


def test_every_kth_variable_is_seen_from_the_first_on():
    np.testing.assert_array_equal(ObserveEveryKth(4)(0.0, X), X[jnp.asarray([0, 4, 8])])
    np.testing.assert_array_equal(ObserveEveryKth()(0.0, X), X)
    np.testing.assert_array_equal(ObserveEveryKth(4).variables(11), [0, 4, 8])


def test_the_first_variables_are_seen():
    np.testing.assert_array_equal(ObserveFirst(3)(0.0, X), X[:3])
    with pytest.raises(px.PlugaxError, match="count must be at least 1; got 0"):
        ObserveFirst(0)


def test_a_subset_made_in_double_precision_serves_in_single(x64):
    subset = ObserveSubset(np.asarray([7, 2]))
    with jax.enable_x64(False):
        assert subset(0.0, jnp.arange(8.0)).dtype == "float32"


def test_a_subset_is_seen_in_its_own_order():
    np.testing.assert_array_equal(ObserveSubset([7, 2])(0.0, X), [2.0, -3.0])
    np.testing.assert_array_equal(ObserveSubset([7, 2]).variables(11), [7, 2])


@pytest.mark.parametrize(
    ("instrument", "expected"),
    [("identity", X), ("arctan", 5 * np.arctan(X / 5)), ("square", X**2 / 10)],
)
def test_instruments_measure_what_they_say(instrument, expected):
    np.testing.assert_allclose(ObserveEveryKth(1, instrument)(0.0, X), expected, rtol=1e-6)
    np.testing.assert_allclose(ObserveSubset([3], instrument)(0.0, X), expected[3:4], rtol=1e-6)


def test_a_stride_below_one_is_refused():
    with pytest.raises(px.PlugaxError, match="at least 1; got 0"):
        ObserveEveryKth(0)
