import jax.numpy as jnp
import numpy as np
import pytest

from plugax_lorenz96 import ObserveEveryKth, ObserveSubset

X = jnp.arange(-5.0, 6.0)


def test_every_kth_variable_is_seen_from_the_first_on():
    np.testing.assert_array_equal(ObserveEveryKth(4)(X), X[jnp.asarray([0, 4, 8])])
    np.testing.assert_array_equal(ObserveEveryKth()(X), X)


def test_a_subset_is_seen_in_its_own_order():
    np.testing.assert_array_equal(ObserveSubset([7, 2])(X), [2.0, -3.0])


@pytest.mark.parametrize(
    ("instrument", "expected"),
    [("identity", X), ("arctan", 5 * np.arctan(X / 5)), ("square", X**2 / 10)],
)
def test_instruments_measure_what_they_say(instrument, expected):
    np.testing.assert_allclose(ObserveEveryKth(1, instrument)(X), expected, rtol=1e-6)
    np.testing.assert_allclose(ObserveSubset([3], instrument)(X), expected[3:4], rtol=1e-6)


def test_a_stride_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1; got 0"):
        ObserveEveryKth(0)
