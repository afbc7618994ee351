"""Where saved runs lie."""

import os
import pathlib
from collections.abc import Iterable, Iterator

from ..errors import PlugaxError

SUMMARY = "solution.json"
INSIDE = ("best", "snapshots")


def find_runs(path: str | os.PathLike) -> list[pathlib.Path]:
    """The directories of all runs in or below a directory, by name.

    Hidden directories are left out, and links to directories are not followed.

    Errors: `PlugaxError` if there is no such directory.
    """
    top = pathlib.Path(path)
    if not top.is_dir():
        what = "is no directory" if top.exists() else "does not exist"
        raise PlugaxError(f"{top} {what}; give a directory that has saved runs in or below it.")
    return sorted(_walk(top))


def expand(paths: Iterable[str | os.PathLike]) -> list[pathlib.Path]:
    """The runs, and the files of comparisons, that the paths mean, each once.

    A directory that is no run itself stands for all runs below it.

    Errors: `PlugaxError` if a path is nothing of this.
    """
    found: dict[pathlib.Path, pathlib.Path] = {}
    for path in map(pathlib.Path, paths):
        for one in _meant(path):
            found.setdefault(one.resolve(), one)
    if not found:
        raise PlugaxError("There is nothing to report on; give one saved run or more.")
    return list(found.values())


def _meant(path: pathlib.Path) -> list[pathlib.Path]:
    if path.is_file() and path.name == SUMMARY:
        return [path.parent]
    if path.is_file() and path.suffix == ".json":
        return [path]
    if path.is_file():
        raise PlugaxError(
            f"{path} is neither the directory of a run nor the file of a comparison, which "
            "`plugax compare … --out FILE.json` writes."
        )
    if (path / SUMMARY).exists():
        return [path]
    runs = find_runs(path)
    if not runs:
        raise PlugaxError(
            f"There is no saved run in or below {path}: no file {SUMMARY}. A run with out=…, on "
            "the command line --out, writes one."
        )
    return runs


def _walk(top: pathlib.Path) -> Iterator[pathlib.Path]:
    for directory, inner, files in os.walk(top):
        inner[:] = [name for name in inner if not name.startswith(".")]
        if SUMMARY in files:
            # The best of a run is shown with the run; its snapshots are the run itself, earlier.
            inner[:] = [name for name in inner if name not in INSIDE]
            yield pathlib.Path(directory)
