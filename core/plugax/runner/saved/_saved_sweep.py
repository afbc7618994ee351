"""A saved sweep over options that need a program each: what its directory says.

The directory of such a sweep has `sweep.json`, which lists the populations and how each is made,
the arrays that all of them are swept over (see `_blueprint.py`), and a directory for every
population.
"""

import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import DamagedRunError, PlugaxError
from ...solution import SUMMARY, SWEEP, Populations, unsealed

CLUSTER = "cluster.json"
"""The file that a sweep on a cluster has until it is finished."""


def is_unfinished(path: str | os.PathLike) -> bool:
    """Whether a directory has a sweep on a cluster that has not come to its end."""
    return (pathlib.Path(path) / CLUSTER).exists()


def check_finished(path: str | os.PathLike) -> None:
    """Raise `PlugaxError` if a directory has a sweep on a cluster that is not finished."""
    if is_unfinished(path):
        raise PlugaxError(
            f"The sweep on a cluster in {path} is not finished. `plugax resume {path}` goes on "
            "with the slices that are missing, and so does the call that began it."
        )


def read_sweep(path: str | os.PathLike) -> dict[str, Any] | None:
    """The content of `sweep.json`; None if there is none.

    Errors: `PlugaxError` if it is damaged.
    """
    directory = pathlib.Path(path)
    if not (directory / SWEEP).exists():
        return None
    try:
        return unsealed((directory / SWEEP).read_bytes())
    except (OSError, ValueError) as error:
        raise DamagedRunError(f"The sweep in {directory} is damaged: {error}.") from error


def each_group(
    path: str | os.PathLike,
    sweep: Mapping[str, Any],
    saved: Callable[[pathlib.Path], Any],
    missing: Callable[[dict[str, Any], pathlib.Path], Any],
) -> Populations:
    """The populations of a saved sweep, until the first that is not there.

    Arguments:
        path: the directory of the sweep.
        sweep: what `read_sweep` returns.
        saved: gives the population that is saved in a directory.
        missing: gives a population that was never begun, or None; its arguments are its provenance
            and its directory.
    """
    directory, groups = pathlib.Path(path), []
    for one in sweep["groups"]:
        place = directory / one["directory"]
        group = saved(place) if (place / SUMMARY).exists() else missing(one["provenance"], place)
        if group is None:
            break
        groups.append(group)
    options = tuple(one["options"] for one in sweep["groups"])
    done = len(groups)
    if not groups:
        raise PlugaxError(f"No population of the sweep in {directory} has been run yet.")
    return Populations(tuple(groups), options[:done], options[done:], directory)
