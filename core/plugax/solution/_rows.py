"""The history of a run in a file that only grows: one record per row, appended as the run goes on.

A record holds the values of every name, one after the other. What a row says never changes, so a
saved run is told how many rows of the file are its own, and the SHA-256 of these: many snapshots
share one file, and what is written at each is only what is new. Rows after those are of a later
snapshot, or of one that was never completed.

The rows are read through the memory's own paging (`numpy.memmap`): only what is used is read, and a
history may be larger than memory.
"""

import hashlib
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import DamagedRunError, PlugaxError
from ._npz import as_bytes, damaged, dtype_name, dtype_of

Entry = Mapping[str, Any]
"""The rows of a saved run: the `file`, how many `rows`, their `sha256`, and the `fields`: for every
name the dtype and the shape of one value."""

BLOCK = 2**24


class RowsFile:
    """The file, and how much of it is written.

    Attributes:
        path: the path of the file, made with the first rows.
        rows: how many rows there are.
        fields: names with dtypes and shapes; None before the first rows.
    """

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.rows = 0
        self.fields: Sequence[Sequence[Any]] | None = None
        self._digest = hashlib.sha256()
        self._synced = True
        self._file: Any = None  # open, so that a file that is removed is not lost to the run

    @classmethod
    def reopen(cls, path: pathlib.Path, entry: Entry) -> "RowsFile":
        """The file, to be continued after the rows of `entry`."""
        file = cls(path)
        file.rows, file.fields = entry["rows"], entry["fields"] or None
        file._digest = _digest_of(path, entry)
        return file

    def append(self, values: Mapping[str, np.ndarray]) -> None:
        """Append rows: arrays by name with the rows along their first axis.

        Errors: `OSError` if they cannot be written, and none of them then is; `PlugaxError` if they
        have other names, dtypes or shapes than the rows before.
        """
        arrays = {name: np.asarray(array) for name, array in values.items()}
        count = len(next(iter(arrays.values()), ()))
        if not count:
            return
        fields = [[n, dtype_name(a.dtype), list(a.shape[1:])] for n, a in sorted(arrays.items())]
        if self.fields is not None and fields != [list(field) for field in self.fields]:
            raise PlugaxError(
                f"The metrics of this run are {_told(fields)}, and those of its history in "
                f"{self.path} are {_told(self.fields)}; they cannot share a file. Solve anew."
            )
        dtype = record_of(fields)
        records = np.zeros(count, dtype)
        for place, (name, *_) in enumerate(fields):
            records[f"f{place}"] = as_bytes(arrays[name])
        written = records.view(np.uint8).data if dtype.itemsize else b""
        begin = self.rows * dtype.itemsize
        if self._file is None:
            self._file = self.path.open("r+b" if self.rows else "w+b", buffering=0)
        left = memoryview(written)
        try:
            self._file.seek(begin)
            while left:
                left = left[self._file.write(left) :]
        except BaseException:
            self._file.truncate(begin)
            raise
        self.rows, self.fields, self._synced = self.rows + count, fields, False
        self._digest.update(written)

    def values(self) -> dict[str, np.ndarray]:
        """All rows, as `read_rows` gives them; also if the file was removed meanwhile."""
        return _values(self._file or self.path, self.entry())

    def sync(self) -> None:
        """Wait until what was appended is on the disk.

        Errors: `OSError` if that fails, or somebody has removed the file.
        """
        if self._file is None or self._synced:
            return
        os.fsync(self._file.fileno())
        if not os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
            raise OSError(f"{self.path} is another file than the one that was written")
        self._synced = True

    def close(self) -> None:
        """Close the file; `append` opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __del__(self) -> None:
        self.close()

    def entry(self) -> dict[str, Any]:
        """What a saved run of this moment is told of its rows."""
        return {
            "file": self.path.name,
            "rows": self.rows,
            "sha256": self._digest.copy().hexdigest() if self.rows else "",
            "fields": self.fields or [],
        }


def read_rows(path: pathlib.Path, entry: Entry) -> dict[str, np.ndarray]:
    """The values by name, rows along the first axis; read from the file where they are used.

    Errors: `PlugaxError` if the file is missing or too short.
    """
    _check_size(path, entry["rows"] * record_of(entry["fields"]).itemsize)
    return _values(path, entry)


def _values(file: Any, entry: Entry) -> dict[str, np.ndarray]:
    dtype, rows = record_of(entry["fields"]), entry["rows"]
    size = rows * dtype.itemsize
    if size:
        raw = np.asarray(np.memmap(file, np.uint8, "r", shape=(size,)))
        records = raw.view(dtype)
    else:
        records = np.zeros(rows, dtype)
    found = {}
    for place, (name, stored, _) in enumerate(entry["fields"]):
        values, of = records[f"f{place}"], dtype_of(stored)
        found[name] = values.view(of) if of.kind == "V" else values
    return found


def check_rows(path: pathlib.Path, entry: Entry) -> None:
    """Raise `PlugaxError` if the rows are not those that were written."""
    _digest_of(path, entry)


def copy_rows(path: pathlib.Path, entry: Entry, rows: int, to: pathlib.Path) -> RowsFile:
    """The first rows in a file of their own."""
    file = RowsFile(to)
    values = read_rows(path, entry)
    size = max(BLOCK // max(record_of(entry["fields"]).itemsize, 1), 1)
    for begin in range(0, rows, size):
        part = slice(begin, min(begin + size, rows))
        file.append({name: array[part] for name, array in values.items()})
    return file


def record_of(fields: Sequence[Sequence[Any]]) -> np.dtype:
    """The dtype of a record."""
    stored = [(dtype_of(name), tuple(shape)) for _, name, shape in fields]
    named = [
        (f"f{place}", f"u{of.itemsize}" if of.kind == "V" else of, shape)
        for place, (of, shape) in enumerate(stored)
    ]
    return np.dtype(named, align=True)


def _digest_of(path: pathlib.Path, entry: Entry) -> Any:
    digest = hashlib.sha256()
    size = entry["rows"] * record_of(entry["fields"]).itemsize
    _check_size(path, size)
    if not entry["rows"]:
        return digest
    with path.open("rb") as file:
        for begin in range(0, size, BLOCK):
            digest.update(file.read(min(BLOCK, size - begin)))
    if digest.hexdigest() != entry["sha256"]:
        raise damaged(path, f"the SHA-256 of its first {entry['rows']} rows is another one")
    return digest


def _check_size(path: pathlib.Path, size: int) -> None:
    if not size:
        return
    try:
        there = path.stat().st_size
    except FileNotFoundError:
        raise DamagedRunError(
            f"{path}, the history of the run, is missing. Put the file back as it was saved, or "
            "solve again."
        ) from None
    except OSError as error:
        raise PlugaxError(f"{path} cannot be read: {error.strerror}.") from error
    if there < size:
        raise damaged(path, f"it has {there} of {size} bytes")


def _told(fields: Sequence[Sequence[Any]]) -> str:
    return ", ".join(f"{name} {dtype}{list(shape)}" for name, dtype, shape in fields) or "none"
