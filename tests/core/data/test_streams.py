"""Streams by themselves: which batches they give, and which sources they take."""

import equinox as eqx
import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import zarr
from jaxtyping import TypeCheckError

import plugax as px
from plugax.data import Iterated, Shards, Stream
from plugax.testing import parametrize_checks

law = hypothesis.settings(max_examples=10, deadline=None, derandomize=True)
KEY = jr.key(5)


def read(stream, count, *, step=0, key=KEY):
    into = jax.tree.map(lambda x: np.zeros((count, *x.shape), x.dtype), stream.batch)
    reader = stream.open(key, step, None)
    try:
        found = reader.read(into, count)
    finally:
        reader.close()
    return jax.tree.map(lambda x: x[:found], into)


@eqx.filter_jit
def nine_batches(data, key, first):
    """Of data on the device."""

    def batch(cursor, step):
        return data.next(cursor, key, step)[::-1]

    return jax.lax.scan(batch, data.init(key, first), first + jnp.arange(9, dtype="int32"))[1]


def table(examples=11):
    rng = np.random.default_rng(0)
    return {"x": rng.normal(size=(examples, 2)).astype("float32"), "y": np.arange(examples)}


@parametrize_checks(
    data={
        "arrays": lambda: Stream(table(), 3),
        "one-by-one": lambda: Stream(np.arange(6.0), 1),
        "list": lambda: Iterated([np.full(2, i, "float32") for i in range(8)]),
    }
)
def test_streams_conform(check):
    check()


# The batch shares a divisor with the number of examples, has none, is all.
@pytest.mark.parametrize(("examples", "batch_size"), [(10, 4), (7, 3), (1, 1)])
@law
@hypothesis.given(start=st.integers(0, 40), seed=st.integers(0, 2**31 - 1))
def test_a_stream_gives_the_very_batches_of_shuffled(examples, batch_size, start, seed):
    numbers, key = np.arange(examples), jr.key(seed)
    expected = nine_batches(px.Shuffled(numbers, batch_size), key, jnp.asarray(start, "int32"))
    found = read(Stream(numbers, batch_size), 9, step=start, key=key)
    np.testing.assert_array_equal(found, expected)


def test_late_steps_are_those_of_shuffled():
    """The position is counted in Python's integers, and so is exact to the last step."""
    on_device, stream = px.Shuffled(np.arange(1000), 48), Stream(np.arange(1000), 48)
    for step in (10**6 + 1, 2**31 - 20):
        number = jnp.asarray(step, "int32")
        batch, _ = on_device.next(on_device.init(KEY, number), KEY, number)
        np.testing.assert_array_equal(read(stream, 1, step=step)[0], batch)


def test_a_memory_mapped_file_a_zarr_array_and_an_hdf5_like_one_give_the_same(tmp_path):
    values = table()["x"]
    np.save(tmp_path / "x.npy", values)
    store = zarr.create_array(
        store=str(tmp_path / "x.zarr"), shape=values.shape, chunks=(4, 2), dtype="float32"
    )
    store[:] = values

    class Increasing:
        """Takes increasing numbers only, as h5py does."""

        shape, dtype = values.shape, values.dtype

        def __getitem__(self, numbers):
            assert (np.diff(numbers) > 0).all()
            return values[numbers]

    expected = read(Stream(values, 3), 8)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    backwards = np.asfortranarray(values)
    for source in (mapped, store, Increasing(), backwards, jnp.asarray(values)):
        np.testing.assert_array_equal(read(Stream(source, 3), 8), expected)


def test_an_object_with_a_length_and_an_index_is_a_source():
    class Squares:
        def __len__(self):
            return 11

        def __getitem__(self, numbers):
            return {"x": numbers.astype("float32"), "y": numbers.astype("float32") ** 2}

    batches = read(Stream(Squares(), 4), 5)
    np.testing.assert_array_equal(batches["y"], batches["x"] ** 2)
    assert sorted(batches["x"].ravel()[:11]) == list(range(11))


def test_wide_numbers_become_those_that_jax_has():
    stream = Stream({"x": np.arange(4.0), "y": np.arange(4)}, 2)
    assert {name: x.dtype.name for name, x in stream.batch.items()} == {
        "x": "float32",
        "y": "int32",
    }
    assert stream.first()["x"].dtype == "float32"
    iterated = Iterated([np.arange(4.0)])
    with jax.enable_x64(True):
        assert iterated.first().dtype == "float32"  # as when it was made
        assert Stream(np.arange(4.0), 2).first().dtype == "float64"


def test_the_first_batch_is_read_and_its_shape_is_known_without():
    stream = Stream(table(), 3)
    first = stream.first(KEY)
    shapes = jax.eval_shape(stream.first, KEY)
    np.testing.assert_array_equal(first["y"], read(stream, 1)["y"][0])
    assert jax.tree.map(lambda x: (x.shape, x.dtype), first) == jax.tree.map(
        lambda x: (x.shape, x.dtype), shapes
    )


def test_compiled_code_that_asks_for_a_batch_is_told_that_there_is_none():
    with pytest.raises(Exception, match=r"use plugax\.solve"):
        jax.block_until_ready(jax.jit(Stream(np.arange(4.0), 2).first)(KEY))


def test_streams_on_data_of_the_same_shapes_are_the_same_to_the_compiler():
    one, other = (jax.tree.structure(Stream(np.arange(4.0) + i, 2)) for i in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != jax.tree.structure(Stream(np.arange(4), 2))


def test_memory_bounds_the_blocks():
    """A batch of 3 × 4 bytes; four blocks at once."""
    assert Stream(np.zeros(9, "float32"), 3, memory=4 * 12 * 5).batches_per_block() == 5
    assert Stream(np.zeros(9, "float32"), 3, memory=4 * 12 * 5).batches_per_block(members=2) == 2
    with pytest.raises(px.PlugaxError, match=r"A batch takes 12 bytes.*allows 47 bytes"):
        Stream(np.zeros(9, "float32"), 3, memory=47)
    # Where annotations are checked, they speak first.
    with pytest.raises((px.PlugaxError, TypeCheckError), match=r"number of bytes|'memory'"):
        Stream(np.zeros(9), 3, memory="2 GB")


@pytest.mark.parametrize("batch_size", [0, 8, 2.0, True])
def test_impossible_batch_sizes_are_refused(batch_size):
    told = f"between 1 and .* 7; got {batch_size}|'batch_size'"
    with pytest.raises((px.PlugaxError, TypeCheckError), match=told):
        Stream(np.arange(7), batch_size)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ((), "at least one array"),
        ((np.zeros(3), np.zeros(4)), r"same number of examples.*\[0\]: 3, \[1\]: 4"),
        (np.float32(1), "scalar"),
        (np.zeros((0, 2)), "from 1 to"),
        (np.array(["a", "b"]), "Batches are arrays of numbers; got one of <U1"),
        (np.array([None, {}]), "got one of object"),
        (iter([1]), "for plugax.data.Iterated"),
        ("file.npy", "arrays with a shape and a dtype"),
    ],
)
def test_what_is_no_source_is_refused(source, told):
    with pytest.raises(px.PlugaxError, match=told):
        Stream(source, 1)


def write_shards(directory, **more):
    whole = table()
    for number, (begin, end) in enumerate([(0, 2), (2, 3), (3, 11)]):
        part = {name: array[begin:end] for name, array in whole.items()}
        np.savez(directory / f"part-{number}.npz", **part, **more)
    return whole


def test_shards_are_one_table_in_the_order_of_their_names(tmp_path):
    whole = write_shards(tmp_path)
    shards = Shards(tmp_path)
    assert len(shards) == 11
    numbers = np.array([10, 0, 2, 2, 1])
    for name, array in shards[numbers].items():
        np.testing.assert_array_equal(array, whole[name][numbers])
    expected, found = (read(Stream(source, 3), 8) for source in (whole, shards))
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])
    with pytest.raises(IndexError, match="from 0 to 10"):
        shards[np.array([11])]


def _truncated(path):
    np.savez(path, x=np.zeros(5))
    path.write_bytes(path.read_bytes()[:-30])


def _no_archive(path):
    path.write_bytes(b"nothing")


def _lies_about_its_length(path):
    """The header of the array tells of more numbers than there are."""
    np.savez(path, x=np.zeros(5))
    path.write_bytes(path.read_bytes().replace(b"'shape': (5,)", b"'shape': (99,)"[:14]))


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (_truncated, "cannot be read"),
        (_no_archive, "cannot be read: File is not a zip file"),
        (_lies_about_its_length, "cannot be read"),
        (lambda path: np.savez_compressed(path, x=np.zeros(5)), r"compressed.*numpy\.savez"),
        (lambda path: np.savez(path, x=np.zeros(5), y=np.zeros(4)), "one number of examples"),
        (lambda path: np.savez(path, x=np.array([None])), "holds objects"),
        (lambda path: np.savez(path, x=1.0), "a single value"),
        (lambda path: np.savez(path), "got no array"),
        (lambda path: np.savez(path, x=np.zeros((2, 3), order="F")), "Fortran"),
    ],
)
def test_a_file_that_is_no_shard_is_named(tmp_path, write, told):
    write(tmp_path / "part-0.npz")
    with pytest.raises(px.PlugaxError, match=rf"(?s)part-0\.npz.*{told}"):
        Shards(tmp_path)


def test_shards_that_differ_are_refused(tmp_path):
    with pytest.raises(px.PlugaxError, match=r"no \.npz files"):
        Shards(tmp_path)
    np.savez(tmp_path / "a.npz", x=np.zeros((5, 2)))
    np.savez(tmp_path / "b.npz", x=np.zeros((5, 3)))
    with pytest.raises(
        px.PlugaxError, match=r"b\.npz and a\.npz differ.*float64\[3\].*float64\[2\]"
    ):
        Shards(tmp_path)


def test_an_iterable_gives_its_batches_in_order_and_tells_how_many():
    batches = [{"x": np.full(2, i)} for i in range(4)]
    assert Iterated(batches).steps == 4
    assert Iterated(lambda: batches).steps is None
    for stream in (Iterated(batches), Iterated(lambda: (batch for batch in batches))):
        assert read(stream, 9)["x"].tolist() == [[i, i] for i in range(4)]


@pytest.mark.parametrize(
    ("batches", "told"),
    [
        (iter([np.zeros(2)]), "only once.*Give the function"),
        (7, "must be an iterable"),
        ([], "gives no batch"),
        ([()], "at least one array"),
        ([np.array(["a"])], "arrays of numbers"),
        (lambda: 1 / 0, "first batch cannot be read: ZeroDivisionError"),
    ],
)
def test_what_gives_no_batches_is_refused(batches, told):
    with pytest.raises((px.PlugaxError, TypeCheckError), match=f"{told}|'batches'"):
        Iterated(batches)
