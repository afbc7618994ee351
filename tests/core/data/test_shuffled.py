"""Shuffling without replacement: what an epoch is, and what a batch depends on."""

import equinox as eqx
import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px

# Few sizes, since each compiles anew: b divides n, shares a divisor with it, none, is 1, is n.
SIZES = [
    (6, 3),
    (10, 4),
    (7, 3),
    (5, 1),
    (4, 4),
    (1, 1),
    pytest.param(5, 4, marks=pytest.mark.slow),
]
every_size = pytest.mark.parametrize(("examples", "batch_size"), SIZES)
law = hypothesis.settings(max_examples=10, deadline=None, derandomize=True)


def _walk(data, key, steps, start=0):
    """The batches of `steps` steps from `start` on, in a compiled loop."""

    def body(cursor, step):
        batch, cursor = data.next(cursor, key, step)
        return cursor, batch

    numbers = start + jnp.arange(steps, dtype="int32")
    return jax.lax.scan(body, data.init(key, jnp.asarray(start, "int32")), numbers)[1]


_compiled_walk = eqx.filter_jit(_walk)


def _long_walk(data, seed, start=0):
    """Of fifty steps: one program for all starts."""
    return _compiled_walk(data, jr.key(seed), 50, jnp.asarray(start, "int32"))


def _numbered(examples, batch_size):
    return px.Shuffled(jnp.arange(examples), batch_size)


@every_size
@law
@hypothesis.given(seed=st.integers(0, 2**31 - 1))
def test_every_example_comes_exactly_once_per_epoch(examples, batch_size, seed):
    """Three rounds of so many steps that whole epochs fill them: all batches, then all epochs."""
    data = _numbered(examples, batch_size)
    batches = _long_walk(data, seed)[: 3 * examples]
    assert batches.shape == (3 * examples, batch_size)
    epochs = np.reshape(batches, (-1, examples))
    np.testing.assert_array_equal(np.sort(epochs, axis=1), [np.arange(examples)] * len(epochs))


@every_size
@law
@hypothesis.given(start=st.integers(0, 40), seed=st.integers(0, 2**31 - 1))
def test_beginning_anywhere_continues_what_beginning_at_zero_would_see(
    examples, batch_size, start, seed
):
    data = _numbered(examples, batch_size)
    whole, rest = _long_walk(data, seed), _long_walk(data, seed, start)
    np.testing.assert_array_equal(rest[: 50 - start], whole[start:])


@pytest.mark.parametrize("step", [10**6 + 1, 2**30 + 7, 2**31 - 20])
def test_late_steps_neither_overflow_nor_repeat(step):
    """Position and epoch are exact to the last step that an int32 counts."""
    examples, batch_size = 1000, 48
    data, key = _numbered(examples, batch_size), jr.key(1)
    cursor = data.init(key, jnp.asarray(step, "int32"))
    assert int(cursor.epoch) == step * batch_size // examples
    assert int(cursor.position) == step * batch_size % examples
    batch, cursor = data.next(cursor, key, jnp.asarray(step, "int32"))
    again = data.init(key, jnp.asarray(step + 1, "int32"))
    assert int(cursor.epoch) == int(again.epoch)
    assert int(cursor.position) == int(again.position)
    assert len(set(np.asarray(batch).tolist())) >= batch_size - examples % batch_size


def test_epochs_and_keys_have_orders_of_their_own():
    data = _numbered(20, 5)
    walks = [np.reshape(_compiled_walk(data, jr.key(seed), 12), (3, 20)) for seed in range(2)]
    orders = {tuple(order.tolist()) for order in (*walks[0], *walks[1], np.arange(20))}
    assert len(orders) == 7


def _orders(examples, epochs):
    """The orders of epochs with keys of their own."""
    data, zero = _numbered(examples, examples), jnp.asarray(0, "int32")
    first = lambda key: data.next(data.init(key, zero), key, zero)[0]  # noqa: E731
    return np.asarray(jax.jit(jax.vmap(first))(jr.split(jr.key(7), epochs)))


def test_every_order_of_five_examples_is_as_frequent():
    """χ² of 60 000 epochs: 119 degrees of freedom, p > 0.001."""
    _, counts = np.unique(_orders(5, 60_000), axis=0, return_counts=True)
    assert len(counts) == 120
    assert np.sum((counts - 500) ** 2 / 500) < 173.6


def test_neighbours_in_an_order_have_nothing_to_do_with_each_other():
    """Of 500 orders of 1000 examples: ascents, neighbours that were neighbours, fixed places.

    An order of n has (n − 1) / 2 ascents on average, of variance (n + 1) / 12; the other two are
    about Poisson's, of 2 (n − 1) / n and 1. Four standard errors.
    """
    orders = _orders(1000, 500)
    error = 4 / np.sqrt(500)
    steps = np.diff(orders, axis=1)
    ascents = np.sum(steps > 0, axis=1)
    assert abs(ascents.mean() - 999 / 2) < error * np.sqrt(1001 / 12)
    assert abs(ascents.var() / (1001 / 12) - 1) < error * np.sqrt(2)
    assert abs(np.sum(np.abs(steps) == 1, axis=1).mean() - 1.998) < error * np.sqrt(2)
    assert abs(np.sum(orders == np.arange(1000), axis=1).mean() - 1) < error


def test_an_epoch_takes_no_memory_and_no_time_before_its_first_step():
    """However many examples: nothing is made that is as long as the data, and nothing sorted."""
    data = px.Shuffled(jnp.zeros(1_000_000, "int8"), 7)
    program = jax.make_jaxpr(lambda data, key: _walk(data, key, 2))(data, jr.key(0))
    made = str(program).replace("i8[1000000]", "")
    assert "i8[7]" in made
    assert "1000000]" not in made
    assert " sort[" not in made


def test_compiled_and_eager_batches_are_the_same():
    data, key = _numbered(7, 3), jr.key(2)
    cursor, seen = data.init(key, jnp.asarray(0, "int32")), []
    for step in range(8):
        batch, cursor = data.next(cursor, key, jnp.asarray(step, "int32"))
        seen.append(batch)
    np.testing.assert_array_equal(seen, _compiled_walk(data, key, 8))


def test_all_arrays_of_a_batch_are_of_the_same_examples():
    x = jnp.arange(7.0)
    data = px.Shuffled({"x": x, "y": (10 * x, jnp.stack([x, -x], axis=1))}, 3)
    batches = _compiled_walk(data, jr.key(3), 14)
    np.testing.assert_array_equal(batches["y"][0], 10 * batches["x"])
    np.testing.assert_array_equal(batches["y"][1][..., 1], -batches["x"])
    assert batches["y"][1].shape == (14, 3, 2)


def test_members_of_a_population_see_what_they_would_see_alone():
    data, keys = _numbered(7, 3), jr.split(jr.key(4), 3)
    together = eqx.filter_jit(eqx.filter_vmap(_walk, in_axes=(None, 0, None)))(data, keys, 9)
    for key, batches in zip(keys, together, strict=True):
        np.testing.assert_array_equal(batches, _compiled_walk(data, key, 9))


def test_a_population_draws_no_order_at_every_step():
    """The branch that draws an order stays a branch: all members take it at the same steps."""
    data, keys = _numbered(7, 3), jr.split(jr.key(4), 3)
    program = jax.make_jaxpr(jax.vmap(lambda key: _walk(data, key, 9)))(keys)
    assert "cond[" in str(program)


def test_other_steps_trace_nothing_again():
    data, traces = _numbered(7, 3), []

    @eqx.filter_jit
    def batch(data, key, step):
        traces.append(None)
        return data.next(data.init(key, step), key, step)

    for step in (0, 3, 1000):
        batch(data, jr.key(step), jnp.asarray(step, "int32"))
    batch(px.Shuffled(jnp.arange(7) + 1, 3), jr.key(0), jnp.asarray(0, "int32"))
    assert len(traces) == 1


def test_the_cursor_keeps_its_structure_and_dtypes():
    for double in (False, True):
        with jax.enable_x64(double):
            data, key, step = _numbered(7, 3), jr.key(0), jnp.asarray(2, "int32")
            cursor = data.init(key, step)
            after = data.next(cursor, key, step)[1]
            assert eqx.tree_equal(
                eqx.filter_eval_shape(lambda c: c, cursor),
                eqx.filter_eval_shape(lambda c: c, after),
            )


def test_numpy_arrays_will_do():
    data = px.Shuffled({"image": np.zeros((5, 2, 2), "uint8"), "label": np.arange(5)}, 2)
    batches = _compiled_walk(data, jr.key(0), 5)
    assert batches["image"].dtype == "uint8"
    assert sorted(np.ravel(batches["label"])) == sorted([*range(5)] * 2)


@pytest.mark.parametrize("batch_size", [0, -1, 8])
def test_impossible_batch_sizes_are_refused(batch_size):
    with pytest.raises(
        ValueError, match=f"between 1 and the number of examples, 7; got {batch_size}"
    ):
        px.Shuffled(jnp.arange(7), batch_size)


def test_a_position_that_cannot_be_counted_is_refused():
    """Two huge coprime sizes; the arrays are broadcast views that take no memory."""
    rows = jax.ShapeDtypeStruct((2**17 + 1, 0), "float32")
    with pytest.raises(ValueError, match="overflow the position counter"):
        eqx.filter_eval_shape(px.Shuffled, rows, 2**17 - 1)
