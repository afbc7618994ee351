"""Full batches, sequences, and what all data have in common."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px

KEY = jr.key(0)


def _batch(data, step):
    step = jnp.asarray(step, "int32")
    return data.next(data.init(KEY, step), KEY, step)[0]


def test_a_full_batch_is_everything_at_every_step():
    arrays = {"x": jnp.arange(3.0), "scalar": jnp.asarray(2.0)}
    data = px.FullBatch(arrays)
    assert data.steps is None
    for step in (0, 5):
        assert eqx.tree_equal(_batch(data, step), arrays)


def test_a_full_batch_may_be_empty():
    assert _batch(px.FullBatch(()), 0) == ()


def test_a_sequence_gives_its_elements_in_order_and_ends():
    times = jnp.asarray([0.5, 1.0, 1.5])
    states = jnp.arange(6.0).reshape(3, 2)
    data = px.Sequence((times, states))
    assert data.steps == 3
    for step in range(3):
        time, state = eqx.filter_jit(_batch)(data, step)
        assert time == times[step]
        np.testing.assert_array_equal(state, states[step])


def test_the_first_batch_tells_the_shapes_of_all():
    shuffled = px.Shuffled((jnp.zeros((7, 2)), jnp.zeros(7, "int32")), 3)
    x, y = eqx.filter_eval_shape(shuffled.first)
    assert (x.shape, y.shape, str(y.dtype)) == ((3, 2), (3,), "int32")
    np.testing.assert_array_equal(px.Sequence(jnp.asarray([4.0, 5.0])).first(), 4)
    assert eqx.tree_equal(shuffled.first(KEY), shuffled.first(KEY))


@pytest.mark.parametrize("make", [px.Sequence, lambda arrays: px.Shuffled(arrays, 1)])
class TestUnusableArrays:
    """What cannot be cut into examples is refused, and the odd one is named."""

    def test_of_different_lengths(self, make):
        with pytest.raises(ValueError, match=r"same number of examples.*'x'.*: 3.*'y'.*: 4"):
            make({"x": jnp.zeros(3), "y": jnp.zeros(4)})

    def test_scalars(self, make):
        with pytest.raises(ValueError, match=r"leading axis of examples; \['y'\] is a scalar"):
            make({"x": jnp.zeros(3), "y": jnp.asarray(1.0)})

    def test_none_at_all(self, make):
        with pytest.raises(ValueError, match="at least one array"):
            make({})

    def test_no_examples(self, make):
        with pytest.raises(ValueError, match="at least one example"):
            make(jnp.zeros((0, 3)))
