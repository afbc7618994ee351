import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import plugax as px
from plugax_mnist._idx import read_idx

IMAGES = np.arange(3 * 28 * 28).reshape(3, 28, 28).astype(np.uint8)


def idx(array, *, kind=8, rank=None, sizes=None):
    """The array as an IDX file, as it should be or with something wrong in its header."""
    sizes = array.shape if sizes is None else sizes
    header = bytes((0, 0, kind, array.ndim if rank is None else rank))
    return header + struct.pack(f">{len(sizes)}I", *sizes) + array.tobytes()


def spoiled(content, position):
    return content[:position] + bytes((content[position] ^ 0xFF,)) + content[position + 1 :]


def two_members(content):
    """What `cat a.gz b.gz`, pigz and bgzip make; it unpacks to both, one after the other."""
    return gzip.compress(content[:100], mtime=0) + gzip.compress(content[100:])


@given(
    array=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=5)),
    pack=st.sampled_from([bytes, gzip.compress, two_members]),
)
def test_what_was_written_is_read(tmp_path_factory, array, pack):
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(pack(idx(array)))
    read = read_idx(path, array.shape[1:])
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array)


def test_compression_is_seen_from_the_content_not_from_the_name(tmp_path):
    unpacked, packed = tmp_path / "a.gz", tmp_path / "b"
    unpacked.write_bytes(idx(IMAGES))
    packed.write_bytes(gzip.compress(idx(IMAGES)))
    np.testing.assert_array_equal(read_idx(unpacked, (28, 28)), IMAGES)
    np.testing.assert_array_equal(read_idx(packed, (28, 28)), IMAGES)


GOOD = idx(IMAGES)
PACKED = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html>", "not an IDX file: expected the magic number 00000803.*b'<!DO'"),
        (b"\0\0", "not an IDX file.*begins with"),
        (idx(IMAGES.astype(">f8"), kind=0x0E), r"holds 8-byte floats \(type 0x0e\), expected uns"),
        (idx(IMAGES, kind=0x77), r"holds an unknown type \(type 0x77\), expected unsigned bytes"),
        (idx(IMAGES[0, 0]), "an array of rank 1, expected rank 3"),
        (idx(IMAGES[:, 1:]), r"3 examples of shape \(27, 28\), expected \(28, 28\)"),
        (idx(IMAGES[:0]), "holds no examples"),
        (GOOD[:10], "truncated: it ends within its header"),
        (GOOD[:-1], "truncated: its header promises 2352 bytes, but only 2351 follow"),
        (GOOD + b"\0", "too long: more follows than the 2352 bytes"),
        (idx(IMAGES, sizes=(2, 28, 28)), "too long: more follows than the 1568 bytes"),
        (PACKED[:-9], "truncated: its gzip stream has no end"),
        (PACKED[:5], "truncated: its gzip stream has no end"),
        (spoiled(PACKED, 10), "damaged: gzip cannot unpack it"),
        (spoiled(PACKED, len(PACKED) - 6), r"damaged: gzip cannot unpack it \(CRC check failed"),
        (PACKED + b"more", "damaged: gzip cannot unpack it"),
        (
            gzip.compress(GOOD[:-1], mtime=0),
            "truncated: its header promises 2352 bytes, but only 2351",
        ),
        (gzip.compress(b"<html>", mtime=0), "not an IDX file.*b'<htm'"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_what_is_wrong(tmp_path, content, expected):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(px.PlugaxError, match=f"(?s)^{path} .*{expected}"):
        read_idx(path, (28, 28))


def test_every_truncation_is_refused(tmp_path):
    # Of a packed file, the last bytes are a sum and a size: no cut goes unseen.
    path = tmp_path / "file"
    for content in (idx(IMAGES[:1, 0]), gzip.compress(idx(IMAGES[:1, 0]))):
        for length in range(len(content)):
            path.write_bytes(content[:length])
            with pytest.raises(px.PlugaxError, match=str(path)):
                read_idx(path, (28,))


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path):
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(px.PlugaxError, match=f"^{path} cannot be read"):
            read_idx(path, ())


def test_no_more_is_unpacked_than_the_header_promises(tmp_path):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(idx(IMAGES[:1]))
        for _ in range(64):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(px.PlugaxError, match="too long: more follows than the 784 bytes"):
            read_idx(path, (28, 28))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20  # of the 64 MiB that are in there; a few buffers, not the content


def test_a_promise_beyond_all_memory_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(idx(IMAGES, sizes=(2**32 - 1, 28, 28)))
    with pytest.raises(px.PlugaxError, match=f"^{path} .*promises {(2**32 - 1) * 784} bytes"):
        read_idx(path, (28, 28))
