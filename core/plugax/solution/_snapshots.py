"""Earlier snapshots of a run, and the rows that its snapshots share.

The directory `snapshots` inside of that of a run has a directory for every snapshot but the newest,
named by the number of its steps. It is made of links to the files of the newest before that is
replaced, so nothing is written twice; where a file system knows no links, of copies.
"""

import contextlib
import os
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

from ..errors import PlugaxError
from ._directory import BEST, SUMMARY, file_of, read_summary, sync_directory
from ._sealed import sealed

SNAPSHOTS = "snapshots"
_NEW = ".new-"


def snapshots_in(directory: pathlib.Path) -> dict[int, pathlib.Path]:
    """The earlier snapshots of a run by their steps, in order."""
    found = {}
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in (directory / SNAPSHOTS).iterdir():
            if path.name.isdecimal() and (path / SUMMARY).exists():
                found[int(path.name)] = path
    return dict(sorted(found.items()))


def rotate(directory: pathlib.Path, run: str, count: int) -> None:
    """Keep the snapshot that is there as an earlier one, before a newer one replaces it.

    Arguments:
        directory: the directory of the run.
        run: the name of the run; snapshots of another one are forgotten.
        count: how many snapshots are kept, with the one that is about to be written.
    """
    place = directory / SNAPSHOTS
    for path in snapshots_in(directory).values():
        if _summary(path).get("run") != run:
            shutil.rmtree(path)
    summary = _summary(directory)
    if count > 1 and summary.get("run") == run and summary["steps"]:
        _link(directory, summary, place / str(summary["steps"]))
    earlier = list(snapshots_in(directory).values())
    for path in earlier[: max(len(earlier) - count + 1, 0)]:
        shutil.rmtree(path)
    if place.is_dir():
        for path in place.glob(f"{_NEW}*"):  # of a writer that was killed
            shutil.rmtree(path)
        if not any(place.iterdir()):
            place.rmdir()


def forget_rows(directory: pathlib.Path) -> None:
    """Remove the files of rows that belong to no snapshot."""
    owners = (directory, directory / BEST, *snapshots_in(directory).values())
    used = set()
    for owner in owners:
        if (owner / SUMMARY).exists():
            used |= {entry["file"] for entry in read_summary(owner).get("rows", {}).values()}
    for path in directory.glob("*-*.rows"):
        if path.name not in used:
            path.unlink(missing_ok=True)


def _link(directory: pathlib.Path, summary: Mapping[str, Any], target: pathlib.Path) -> None:
    """Make an earlier snapshot of the newest one."""
    if target.exists():
        return
    new = target.with_name(f"{_NEW}{target.name}")
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(parents=True)
    for name in summary["arrays"]:
        source = file_of(directory, summary, f"{name}.npz")
        try:
            os.link(source, new / source.name)
        except OSError:
            shutil.copyfile(source, new / source.name)
    content = {**summary, "root": "../..", "exports": {}}
    with (new / SUMMARY).open("xb") as file:
        file.write(sealed(content))
        file.flush()
        os.fsync(file.fileno())
    sync_directory(new)
    new.rename(target)
    sync_directory(target.parent)


def _summary(directory: pathlib.Path) -> dict[str, Any]:
    try:
        return read_summary(directory)
    except PlugaxError:
        return {}
