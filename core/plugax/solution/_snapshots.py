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

from ..errors import DamagedRunError, PlugaxError
from ._directory import BEST, SUMMARY, file_of, read_summary, sync_directory
from ._replace_file import replace_file
from ._sealed import sealed, unsealed

SNAPSHOTS = "snapshots"
BRANCHES = "branches.json"
_NEW = ".new-"


def snapshots_in(directory: pathlib.Path) -> dict[int, pathlib.Path]:
    """The earlier snapshots of a run by their steps, in order."""
    found = {}
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in (directory / SNAPSHOTS).iterdir():
            if path.name.isdecimal() and (path / SUMMARY).exists():
                found[int(path.name)] = path
    return dict(sorted(found.items()))


def rotate(directory: pathlib.Path, run: str, count: int, steps: int) -> None:
    """Keep the snapshot that is there as an earlier one, before a newer one replaces it.

    Arguments:
        directory: the directory of the run.
        run: the name of the run; snapshots of another one are forgotten.
        count: how many snapshots are kept, with the one that is about to be written.
        steps: the steps of that one.
    """
    place = directory / SNAPSHOTS
    for step, path in snapshots_in(directory).items():
        # Later ones are of a way that was abandoned: the run has gone back to before them.
        if step >= steps or _summary(path).get("run") != run:
            shutil.rmtree(path)
    summary = _summary(directory)
    # The beginning needs no snapshot: everything is made from the seed.
    if count > 1 and summary.get("run") == run and 0 < summary["steps"] < steps:
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


def set_aside(directory: pathlib.Path) -> pathlib.Path:
    """Move what is damaged, the newest snapshot of a run, into a directory of its own.

    Its rows stay: earlier snapshots have their part of them.
    """
    number = 1
    while (aside := directory / f"damaged-{number}").exists():
        number += 1
    aside.mkdir()
    for path in [directory / SUMMARY, *directory.glob("*.npz"), *directory.glob("*.nc")]:
        if path.exists():
            path.rename(aside / path.name)
    return aside


def add_branch(directory: pathlib.Path, origin: Mapping[str, Any]) -> None:
    """Remember, in the directory of a run, that another one branched off it."""
    path = directory / BRANCHES
    branches = branches_of(directory)
    with replace_file(path) as file:
        file.write(sealed({"branches": [*branches, dict(origin)]}))


def branches_of(directory: pathlib.Path) -> list[dict[str, Any]]:
    """The runs that branched off a run: `out`, `step` and `options` of each."""
    path = directory / BRANCHES
    try:
        return unsealed(path.read_bytes())["branches"]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError) as error:
        raise DamagedRunError(f"{path} is damaged: {error}.") from error
