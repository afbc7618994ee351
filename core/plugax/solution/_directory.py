"""The directory of a run as one transaction: all of the old run, or all of the new one.

New files are first written completely into `.new-ID`. Then `solution.json`, which holds the same
ID, replaces the old one: from that moment the run is the new one. Last, the files are moved to
their names. A reader takes a file from `.new-ID` if it is still there. A writer begins by finishing
the moves of a writer that was killed. All that was written is on the disk, not only on its way
there, before `solution.json` tells of it.

`solution.json` holds its own SHA-256 and that of every array, of every other file, and of the rows
of the history.
"""

import contextlib
import hashlib
import os
import pathlib
import shutil
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import DamagedRunError, PlugaxError
from ._finite import finite
from ._first_format import read_first_format
from ._npz import Entry, damaged, read_arrays, write_arrays
from ._replace_file import replace_file
from ._sealed import sealed, unsealed

SUMMARY = "solution.json"
FORMAT = 2
"""The version of the format, as `_format.py` describes it. The first had no number."""
BEST = "best"
"""The directory, inside of that of a run, in which its best is saved."""
_NEW = ".new-"

Arrays = Mapping[str, Mapping[str, np.ndarray]]
POINT = "point-"
"""How the names of the files begin that hold the states to which a run may go back."""


def write_run(
    directory: pathlib.Path,
    summary: Mapping[str, Any],
    arrays: Arrays,
    exports: Mapping[str, bytes],
) -> None:
    """Write a run in place of the one that is there, completely or not at all.

    Arguments:
        directory: created if it is missing; other files in it stay.
        summary: the content of `solution.json`, plain data.
        arrays: the arrays by name, of every `.npz` by its name without the ending.
        exports: the contents of files for other programs, by name.

    Errors: `OSError` if the files cannot be written; the run that was there then still is.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _finish(directory)
    before = _told_files(directory)
    own = uuid.uuid4().hex[:12]
    new = directory / f"{_NEW}{own}"
    try:
        new.mkdir()
        entries = {name: write_arrays(new / f"{name}.npz", of) for name, of in arrays.items()}
        for name, content in exports.items():
            _write(new / name, content)
        sync_directory(new)
        digests = {name: _digest(content) for name, content in exports.items()}
        told = {"format": FORMAT, **summary, "id": own, "arrays": entries, "exports": digests}
        with replace_file(directory / SUMMARY) as file:
            file.write(sealed(finite(told)))
            file.flush()
            os.fsync(file.fileno())
        sync_directory(directory)
    finally:
        _finish(directory)
    for name in before - _told_files(directory):
        (directory / name).unlink(missing_ok=True)


def read_summary(directory: pathlib.Path) -> dict[str, Any]:
    """The content of `solution.json`, without a look at the other files.

    Errors: `PlugaxError` if there is none, if it is damaged, or of a newer version of Plugax.
    """
    path = directory / SUMMARY
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise PlugaxError(
            f"There is no solution in {directory}: no file {SUMMARY}. A run with out=…, on the "
            "command line --out, writes one."
        ) from None
    except OSError as error:
        raise PlugaxError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        summary = unsealed(content)
    except ValueError as error:
        raise DamagedRunError(f"{path} is damaged: {error}.") from error
    version = summary.get("format", 1)
    if version == 1 and isinstance(summary.get("files"), dict):
        return summary
    if not isinstance(version, int) or "arrays" not in summary:
        raise PlugaxError(
            f"{path} was written by another program: it names no arrays with their SHA-256."
        )
    if version > FORMAT:
        raise PlugaxError(
            f"{path} was written by a newer version of Plugax, in format {version}; this one reads "
            f"formats up to {FORMAT}. Update Plugax: pip install --upgrade plugax."
        )
    return summary


class SavedArrays(Mapping):
    """The arrays of a saved run by the names of their files, each read and checked when asked for.

    Arguments:
        directory: the directory of the run.
        summary: the content of `solution.json`.
    """

    def __init__(self, directory: pathlib.Path, summary: Mapping[str, Any]):
        self._directory, self._summary = directory, summary
        first = summary.get("format", 1) == 1
        self._first = first
        self._entries: Mapping[str, Mapping[str, Entry]] = (
            {name.removesuffix(".npz"): {} for name in summary["files"] if name.endswith(".npz")}
            if first
            else summary["arrays"]
        )
        self._read: dict[str, dict[str, np.ndarray]] = {}

    def __getitem__(self, name: str) -> dict[str, np.ndarray]:
        if name not in self._entries:
            raise KeyError(name)
        if name not in self._read:
            path = file_of(self._directory, self._summary, f"{name}.npz")
            self._read[name] = (
                read_first_format(path, name, self._summary)
                if self._first
                else read_arrays(path, self._entries[name])
            )
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def check(self) -> None:
        """Read everything, and compare the files for other programs too.

        Errors: `PlugaxError` if a file is missing or damaged.
        """
        for name in self:
            _ = self[name]
        for name, digest in self._summary.get("exports", {}).items():
            path = file_of(self._directory, self._summary, name)
            try:
                content = path.read_bytes()
            except OSError as error:
                raise PlugaxError(f"{path} cannot be read: {error.strerror}.") from error
            if _digest(content) != digest:
                raise damaged(path, "its SHA-256 is another one")


def file_of(directory: pathlib.Path, summary: Mapping[str, Any], name: str) -> pathlib.Path:
    """Where a file of the run is: under its name, or not moved there yet."""
    unmoved = directory / f"{_NEW}{summary.get('id')}" / name
    return unmoved if unmoved.exists() else directory / name


def forget_run(directory: pathlib.Path) -> None:
    """Remove a run, if there is one; other files in its directory stay."""
    if not (directory / SUMMARY).is_file():
        return
    for name in (SUMMARY, *_told_files(directory)):
        (directory / name).unlink(missing_ok=True)
    if not any(directory.iterdir()):
        directory.rmdir()


def sync_directory(directory: pathlib.Path) -> None:
    """Wait until the names in a directory are on the disk, on systems that can tell."""
    if os.name != "posix":
        return
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _finish(directory: pathlib.Path) -> None:
    """Move the files that a writer had committed to their names; delete all others."""
    for new in directory.glob(f"{_NEW}*"):
        own = None
        with contextlib.suppress(PlugaxError):
            own = read_summary(directory).get("id")
        if new.name == f"{_NEW}{own}":
            for path in new.iterdir():
                path.replace(directory / path.name)
            sync_directory(directory)
        shutil.rmtree(new)


def _told_files(directory: pathlib.Path) -> set[str]:
    """The names of the files that belong to the run that is there; none if there is none."""
    try:
        summary = read_summary(directory)
    except PlugaxError:
        return set()
    if summary.get("format", 1) == 1:
        return set(summary["files"])
    return {f"{name}.npz" for name in summary["arrays"]} | set(summary["exports"])


def _write(path: pathlib.Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
