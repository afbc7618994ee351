"""The files that a problem was made from, and whether they have changed since.

An option whose type is a path names a file, or a directory of files. A saved run records their
paths, sizes and SHA-256: with other data, it could not be continued as the same run. Of a large
file, which is read as a stream, pieces are digested: to read all of it could take hours.
"""

import functools
import hashlib
import os
import pathlib
from typing import Any

from ...errors import PlugaxError
from ...plugins import component_kind, default_manager, is_path, options_of

MOST = 1000
"""The maximum number of files recorded for a directory and its subdirectories."""

LARGE, PIECES, PIECE = 2**30, 64, 2**20
"""Bytes from which on a file is digested in pieces, how many, and their bytes."""

Files = dict[str, dict[str, Any]]


def data_files(spec: dict[str, Any], kind: str, prefix: str = "") -> Files:
    """The files named by a component's options, by the option's place.

    Arguments:
        spec: the component's spec, with the name it is registered under.
        kind: the kind of component.
        prefix: what comes before the place if the component is part of another.
    """
    try:
        target = default_manager().find(kind, spec["name"]).load()
    except PlugaxError:
        return {}
    found: Files = {}
    for option in options_of(target):
        value, inner = spec.get(option.name), component_kind(option.types)
        if inner and isinstance(value, dict):
            found |= data_files(value, inner, f"{prefix}{option.name}.")
        elif isinstance(value, str) and any(_takes_path(kind) for kind in option.types):
            path = pathlib.Path(value).absolute()
            if path.exists():
                found[f"{prefix}{option.name}"] = {"path": str(path), "files": _digests(path)}
    return found


def with_checked_files(
    spec: dict[str, Any], files: Files, directory: pathlib.Path
) -> dict[str, Any]:
    """The spec with the recorded paths, after a check that the files are unchanged.

    Errors: `PlugaxError` if a file is gone or has changed.
    """
    for place, then in files.items():
        path = pathlib.Path(then["path"])
        option = place.rpartition(".")[2]
        if not path.exists():
            raise PlugaxError(
                f"The run in {directory} read {path}, which is no longer there: put it back, or "
                f"give the problem made with {option}=… from where it is now."
            )
        now = _digests(path)
        differ = [name for name in then["files"] if now.get(name) != then["files"][name]]
        if differ:
            raise PlugaxError(
                f"The run in {directory} read {path}, which has changed since: "
                f"the content of {differ[0] or path.name} is different. The run cannot go on with "
                "other data; put the old file back, or solve anew."
            )
        spec = _put(spec, place.split("."), str(path))
    return spec


def _put(spec: dict[str, Any], place: list[str], path: str) -> dict[str, Any]:
    first, *rest = place
    return spec | {first: _put(spec[first], rest, path) if rest else path}


def _takes_path(kind: Any) -> bool:
    return is_path(kind) or getattr(kind, "__origin__", kind) is os.PathLike


def _digests(path: pathlib.Path) -> Files:
    """Size and SHA-256 of a file, or of the files in a directory, by their relative paths."""
    if path.is_file():
        return {"": _digest(path, *_stamp(path))}
    files = sorted(child for child in path.rglob("*") if child.is_file())
    return {
        child.relative_to(path).as_posix(): _digest(child, *_stamp(child)) for child in files[:MOST]
    }


def _stamp(path: pathlib.Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@functools.lru_cache(maxsize=1024)
def _digest(path: pathlib.Path, size: int, changed: int) -> dict[str, Any]:  # noqa: ARG001
    """Of one file; computed again only if its size or its time of change differs."""
    with path.open("rb") as file:
        if size <= LARGE:
            return {"size": size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
        digest = hashlib.sha256()
        for piece in range(PIECES):  # the first and the last byte are among them
            file.seek((size - PIECE) * piece // (PIECES - 1))
            digest.update(file.read(PIECE))
        return {"size": size, f"sha256 of {PIECES} pieces": digest.hexdigest()}
