"""A directory of `.npz` files as one table, read at any place without reading the rest.

`np.savez` stores arrays as they are, one after the other, in a ZIP archive. So the bytes of each
can be mapped into memory, and the system reads those that are looked at.
"""

import os
import pathlib
import struct
import zipfile
from typing import BinaryIO, NamedTuple

import numpy as np
from jaxtyping import Int, Shaped, UInt8

from ..errors import PlugaxError

LOCAL_HEADER = 30
"""Bytes of a member's header in a ZIP archive, the last four of which hold two lengths."""


class _Rows(NamedTuple):
    """An array in a file. Its bytes need not lie where numbers may lie, so they are read as bytes.

    Attributes:
        bytes: those of every example.
        shape: the shape of an example.
        dtype: its dtype.
    """

    bytes: UInt8[np.ndarray, "examples bytes"]
    shape: tuple[int, ...]
    dtype: np.dtype

    def take(self, numbers: Int[np.ndarray, " n"]) -> Shaped[np.ndarray, "n ..."]:
        """The examples of these numbers."""
        taken = np.take(self.bytes, numbers, axis=0)
        return taken.view(self.dtype).reshape(len(numbers), *self.shape)


class Shards:
    """The examples in the `.npz` files of a directory, in the order of the files' names.

    Each file has arrays of the same names, shapes and dtypes, with the examples along axis 0; the
    number of examples may differ. An index with an array of numbers returns these examples, as a
    dictionary of arrays: a source for `Stream`.

    Arguments:
        directory: where the files are, as `np.savez` writes them.

    Errors: `PlugaxError` if there is none, if one is damaged or compressed or holds no numbers, or
    if they do not fit to each other.
    """

    def __init__(self, directory: str | os.PathLike):
        self.directory = pathlib.Path(directory)
        paths = sorted(self.directory.glob("*.npz"))
        if not paths:
            raise PlugaxError(f"There are no .npz files in {self.directory}.")
        self.files = [_open(path) for path in paths]
        layouts = [{n: (x.shape, x.dtype) for n, x in rows.items()} for rows in self.files]
        for path, layout in zip(paths, layouts, strict=True):
            if layout != layouts[0]:
                raise PlugaxError(
                    f"{path} and {paths[0].name} differ: examples are {_told(layout)}, and "
                    f"{_told(layouts[0])}. All files need the same arrays."
                )
        self.ends = np.cumsum([len(next(iter(rows.values())).bytes) for rows in self.files])

    def __len__(self) -> int:
        """The number of examples in all files."""
        return int(self.ends[-1])

    def __getitem__(self, numbers: Int[np.ndarray, " n"]) -> dict[str, Shaped[np.ndarray, "n ..."]]:
        """The examples of these numbers, by the names of the arrays."""
        numbers = np.asarray(numbers)
        if numbers.size and not (numbers.min() >= 0 and numbers.max() < len(self)):
            raise IndexError(f"The numbers of examples go from 0 to {len(self) - 1}.")
        found = {
            name: np.empty((len(numbers), *rows.shape), rows.dtype)
            for name, rows in self.files[0].items()
        }
        file_of = np.searchsorted(self.ends, numbers, side="right")
        for file in np.unique(file_of):
            here = np.flatnonzero(file_of == file)
            before = self.ends[file - 1] if file else 0
            for name, rows in self.files[file].items():
                found[name][here] = rows.take(numbers[here] - before)
        return found


def _open(path: pathlib.Path) -> dict[str, _Rows]:
    """The arrays of a file by name; only the headers are read."""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            mapped = np.memmap(file, np.uint8, "r")
            found = {
                member.filename.removesuffix(".npy"): _rows(member, file, mapped, path)
                for member in archive.infolist()
            }
    except (OSError, ValueError, zipfile.BadZipFile, struct.error, EOFError) as error:
        raise PlugaxError(
            f"{path} cannot be read: {error}. Write it again with numpy.savez, or remove it."
        ) from error
    sizes = {name: len(rows.bytes) for name, rows in found.items()}
    if len({*sizes.values()}) != 1 or 0 in sizes.values():
        raise PlugaxError(
            f"{path} needs arrays with one number of examples along axis 0, at least one; got "
            f"{sizes or 'no array'}."
        )
    return found


def _rows(member: zipfile.ZipInfo, file: BinaryIO, mapped: np.ndarray, path: pathlib.Path) -> _Rows:
    if member.compress_type != zipfile.ZIP_STORED:
        raise PlugaxError(
            f"{path} is compressed, so a single example cannot be read without all before it. "
            "Write it with numpy.savez instead of numpy.savez_compressed."
        )
    file.seek(member.header_offset + LOCAL_HEADER - 4)
    lengths = struct.unpack("<HH", file.read(4))
    file.seek(sum(lengths), os.SEEK_CUR)
    old = np.lib.format.read_magic(file) == (1, 0)
    header = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
    shape, backwards, dtype = header(file)
    if dtype.hasobject or len(shape) == 0:
        what = "objects" if dtype.hasobject else "a single value"
        raise PlugaxError(
            f"{path}: the array {member.filename} holds {what}; examples lie along axis 0 of "
            "arrays of numbers."
        )
    if backwards and len(shape) > 1:
        raise PlugaxError(
            f"{path}: the array {member.filename} is stored with axis 0 last (Fortran's order), so "
            "an example lies all over the file. Write it with numpy.ascontiguousarray."
        )
    examples, size = shape[0], dtype.itemsize * int(np.prod(shape[1:]))
    begin = file.tell()
    if begin + examples * size > len(mapped):
        raise ValueError(f"the array {member.filename} ends beyond the end of the file")
    rows = mapped[begin : begin + examples * size].reshape(examples, size)
    return _Rows(np.asarray(rows), shape[1:], dtype)


def _told(layout: dict[str, tuple[tuple[int, ...], np.dtype]]) -> str:
    return ", ".join(f"{name}: {dtype}{list(shape)}" for name, (shape, dtype) in layout.items())
