"""IDX files, the format of MNIST: a magic number, the sizes, then the numbers, all big-endian.

    0  0  type  rank  |  size of axis 1 (4 bytes) … size of axis `rank`  |  the numbers, row by row

Type 8 is an unsigned byte, the type of pictures and labels. A file may be compressed by gzip: its
first two bytes show it, since servers and browsers unpack some files without changing the name.

Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits (1998), its last section.
"""

import gzip
import io
import math
import pathlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from jaxtyping import UInt8

from plugax import PlugaxError

_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTE = 0x08
_TYPES = {
    _UNSIGNED_BYTE: "unsigned bytes",
    0x09: "signed bytes",
    0x0B: "2-byte integers",
    0x0C: "4-byte integers",
    0x0D: "4-byte floats",
    0x0E: "8-byte floats",
}
_BLOCK = 1 << 20


def read_idx(path: pathlib.Path, shape: tuple[int, ...]) -> UInt8[np.ndarray, "examples ..."]:
    """The unsigned bytes in an IDX file, compressed by gzip or not.

    Memory is allocated for the size in the header, and no more than that is unpacked, however much
    the file contains.

    Arguments:
        path: the file.
        shape: the shape of one example, `(28, 28)` for pictures, `()` for labels.

    Errors: `PlugaxError`, with the file, what was expected and what was found, if it cannot be
    read, is not an IDX file, is damaged or too short or too long, or holds another type or shape.
    """
    with open_idx(path) as stream:
        sizes = _header(path, stream, rank=1 + len(shape))
        if sizes[1:] != shape:
            raise PlugaxError(
                f"{path} holds {sizes[0]} examples of shape {sizes[1:]}, expected {shape} each."
            )
        if sizes[0] == 0:
            raise PlugaxError(f"{path} holds no examples: its header says 0.")
        numbers = _numbers(path, stream, math.prod(sizes))
    return numbers.reshape(sizes)


@contextmanager
def open_idx(path: pathlib.Path) -> Iterator[io.BufferedIOBase]:
    """The content of a file, unpacked while it is read if it is compressed by gzip.

    Errors: `PlugaxError` if the file cannot be read or its compression is damaged.
    """
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == _GZIP
            file.seek(0)
            if compressed:
                with gzip.open(file) as stream:
                    yield stream
            else:
                yield file
    except EOFError:
        raise PlugaxError(
            f"{path} is truncated: its gzip stream has no end. Delete it and fetch it again."
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise PlugaxError(
            f"{path} is damaged: gzip cannot unpack it ({error}). Delete it and fetch it again."
        ) from error
    except OSError as error:
        raise PlugaxError(f"{path} cannot be read: {error.strerror or error}.") from error


def _header(path: pathlib.Path, stream: io.BufferedIOBase, rank: int) -> tuple[int, ...]:
    """The sizes that the header gives, one for each axis."""
    expected = bytes((0, 0, _UNSIGNED_BYTE, rank))
    magic = stream.read(4)
    if not magic:
        raise PlugaxError(f"{path} is empty. Delete it and fetch it again.")
    if magic[:2] != b"\0\0" or len(magic) < 4:
        raise PlugaxError(
            f"{path} is not an IDX file: expected the magic number {expected.hex()} (or a file "
            f"compressed by gzip), but it begins with {magic!r}."
        )
    if magic[2] != _UNSIGNED_BYTE:
        name = _TYPES.get(magic[2], "an unknown type")
        raise PlugaxError(
            f"{path} holds {name} (type {magic[2]:#04x}), expected unsigned bytes (type 0x08)."
        )
    if magic[3] != rank:
        raise PlugaxError(f"{path} holds an array of rank {magic[3]}, expected rank {rank}.")
    sizes = stream.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise PlugaxError(f"{path} is truncated: it ends within its header.")
    return tuple(int(size) for size in np.frombuffer(sizes, ">u4"))


def _numbers(
    path: pathlib.Path, stream: io.BufferedIOBase, count: int
) -> UInt8[np.ndarray, " count"]:
    """The bytes after the header, which must be `count`."""
    try:
        numbers = np.empty(count, np.uint8)
    except (MemoryError, ValueError) as error:
        raise PlugaxError(
            f"{path} promises {count} bytes, more than the memory holds. Its header is damaged."
        ) from error
    left = numbers.data
    # In blocks, which stay in the processor's cache while gzip unpacks and sums them.
    while left and (read := stream.readinto(left[:_BLOCK])):
        left = left[read:]
    if left:
        raise PlugaxError(
            f"{path} is truncated: its header promises {count} bytes, but only "
            f"{count - len(left)} follow. Delete it and fetch it again."
        )
    if stream.read(1):  # at the end of the file this also checks gzip's sum
        raise PlugaxError(f"{path} is too long: more follows than the {count} bytes promised.")
    return numbers
