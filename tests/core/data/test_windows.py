"""Windows of several elements, as slices of the arrays."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plugax as px
from plugax.testing import collect_checks

KEY = jax.random.key(0)
ARRAYS = {"time": np.arange(11.0), "state": np.arange(22.0).reshape(11, 2)}


def window(data, step):
    step = jnp.asarray(step, "int32")
    return data.next(data.init(KEY, step), KEY, step)[0]


@given(st.integers(1, 11), st.data())
@settings(max_examples=10, deadline=None, derandomize=True)
def test_a_window_is_a_slice(length, draw):
    shift = draw.draw(st.integers(1, length))
    data = px.Windows(ARRAYS, length, shift)
    starts = range(0, 11 - length + 1, shift)
    assert data.steps == len(starts)
    for step, start in enumerate(starts):
        found = eqx.filter_jit(window)(data, step)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(found[name], array[start : start + length])


def test_windows_conform():
    for check in collect_checks(data={"windows": px.Windows(ARRAYS, 4, 3)}):
        check()


@pytest.mark.parametrize(
    ("length", "shift", "message"),
    [
        (0, 1, "from 1 to 11 elements, all that there are; got 0"),
        (12, 1, "got 12"),
        (4, 0, "shifted by 1 to 4 elements, their length; got 0"),
        (4, 5, "got 5"),
    ],
)
def test_windows_that_leave_something_out_are_refused(length, shift, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.Windows(ARRAYS, length, shift)
