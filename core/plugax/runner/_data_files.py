"""The files that a problem was made from: which they were, and whether they still are.

An option whose type takes a path names a file, or a directory of them. A saved run keeps where they
lay, their sizes and their SHA-256: gone on with over other data, it would be another run.
"""

import functools
import hashlib
import os
import pathlib
from typing import Any

from .._errors import PlugaxError
from ..plugins import component_kind, default_manager, is_path, options_of

MOST = 1000
"""Files of a directory, those below it included, that are looked at."""

Files = dict[str, dict[str, Any]]


def data_files(spec: dict[str, Any], kind: str, prefix: str = "") -> Files:
    """What the paths among a component's options name, by the option's place.

    Arguments:
        spec: of the component, with the name it is registered by.
        kind: of component.
        prefix: of the place, where it is part of another component.
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
    """The spec with its paths as they lay, once these files are known to be the same.

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
                f"{differ[0] or path.name} has another content. To go on would be another run; put "
                "the old file back, or solve anew."
            )
        spec = _put(spec, place.split("."), str(path))
    return spec


def _put(spec: dict[str, Any], place: list[str], path: str) -> dict[str, Any]:
    first, *rest = place
    return spec | {first: _put(spec[first], rest, path) if rest else path}


def _takes_path(kind: Any) -> bool:
    return is_path(kind) or getattr(kind, "__origin__", kind) is os.PathLike


def _digests(path: pathlib.Path) -> Files:
    """Size and SHA-256 of a file, or of the files below a directory, by their paths in it."""
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
    """Of a file that is what it was as long as its size and its time of change are."""
    with path.open("rb") as file:
        return {"size": size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
