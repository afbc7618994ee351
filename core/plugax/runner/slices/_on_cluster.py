"""Populations on a cluster: cut into slices, run by other programs, put together.

While it goes on, the directory of the sweep has `cluster.json`, and each population its slices (see
`_division.py`). At the end both are gone, and what is saved is what the undivided sweep saves.
"""

import os
import pathlib
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...cluster import Cluster, cluster_of
from ...cluster._complete import Task, complete
from ...cluster._named import plain_cluster
from ...cluster._sent import sent
from ...cluster._submitit import FOLDER
from ...errors import PlugaxError
from ...observers import AbstractObserver
from ...solution import (
    SUMMARY,
    SWEEP,
    Population,
    claim,
    forget_figures,
    read_saved_run,
    replace_file,
    sealed,
    unsealed,
)
from ..devices._device import find_devices
from ..run._job import Job
from ..run._provenance import provenance_of
from ..saved._load import load, population_from
from ..saved._saved_sweep import CLUSTER, is_unfinished
from ._digest import digest_of
from ._division import SLICES, Division, divide, plan_below, read_division
from ._merge import merge
from ._slice_work import work


def check_divisible(
    out: str | os.PathLike | None, race: Any, observers: Sequence[AbstractObserver | str]
) -> None:
    """Raise `PlugaxError` if a sweep cannot be cut into slices."""
    if out is None:
        raise PlugaxError(
            "A sweep on a cluster is saved slice by slice, from where it is put together. Give the "
            "directory, out='runs/sweep', on the command line --out runs/sweep."
        )
    if race is not None:
        raise PlugaxError(
            "A race compares all members with each other while they run, and the slices on a "
            "cluster do not know of each other. Leave out either the race or the cluster."
        )
    if observers:
        raise PlugaxError(
            "Observers are told of all members together, and the slices on a cluster run apart. "
            "Leave out either the observers or the cluster."
        )


def run_divided(
    cluster: Cluster,
    jobs: Mapping[pathlib.Path, Job],
    out: pathlib.Path,
    *,
    force: bool,
    chunk: int | None,
    device: str | None,
    before: Callable[[], None] | None = None,
) -> list[Population]:
    """The populations of these jobs, run on a cluster, or gone on with.

    Arguments:
        cluster: where they are run.
        jobs: the jobs, by the directories in which the populations are saved.
        out: the directory of the sweep.
        force: whether to replace another run there.
        chunk: as for `solve`.
        device: as for `solve`.
        before: called before anything is submitted for the first time.

    Errors: `PlugaxError` if another run is there, and those of `complete`.
    """
    claim(out, force=True)
    digests = {
        place: digest_of(
            provenance_of(job.problem, job.solver, find_devices(device), **job.asked),
            job.problem,
            job.solver,
            job.swept or {},
        )
        for place, job in jobs.items()
    }
    if force:
        for place in jobs:
            shutil.rmtree(place / SLICES, ignore_errors=True)
        (out / CLUSTER).unlink(missing_ok=True)
        done: dict[pathlib.Path, Population] = {}
    else:
        _check_same(out, list(digests.values()))
        done = {
            place: found
            for place, job in jobs.items()
            if (found := _finished(place, job, digests[place])) is not None
        }
        if len(done) == len(jobs) and not is_unfinished(out):
            return list(done.values())
        if not is_unfinished(out):
            claim(out, force=False, names=(SUMMARY, SWEEP))
    cluster.check()
    if before is not None and not is_unfinished(out):
        before()
    call = {"chunk": chunk, "device": device}
    parts = -(-cluster.parts // len(jobs))
    divisions = {
        place: divide(job, place, parts, call) for place, job in jobs.items() if place not in done
    }
    with replace_file(out / CLUSTER) as file:
        told = plain_cluster(cluster) | {"digests": list(digests.values())}
        file.write(sealed(told))
    return _completed(cluster, list(jobs), divisions, done, out)


def resume_divided(
    out: pathlib.Path, places: Sequence[pathlib.Path], **given: Any
) -> list[Population]:
    """The populations of a sweep on a cluster that was broken off, gone on with to their ends.

    Arguments:
        out: the directory of the sweep.
        places: the directories of its populations.
        given: `problem` and `solver`, as for `load`.
    """
    told = _read(out)
    cluster = cluster_of(told["kind"], told["options"])
    plans = {place: plan_below(place) for place in places}
    divisions = {
        place: read_division(plan, **given) for place, plan in plans.items() if plan is not None
    }
    done = {place: load(place, **given) for place, plan in plans.items() if plan is None}
    return _completed(cluster, places, divisions, done, out)


def forget_slices(out: pathlib.Path) -> None:
    """Remove what a sweep on a cluster that did not come to its end has left in a directory."""
    if is_unfinished(out):
        for directory in (out, *(path.parent for path in out.glob(f"*/{SLICES}"))):
            shutil.rmtree(directory / SLICES, ignore_errors=True)
        shutil.rmtree(out / FOLDER, ignore_errors=True)
        (out / CLUSTER).unlink()


def _completed(
    cluster: Cluster,
    places: Sequence[pathlib.Path],
    divisions: Mapping[pathlib.Path, Division],
    done: Mapping[pathlib.Path, Population],
    out: pathlib.Path,
) -> list[Population]:
    """Run what is missing, and put everything together."""
    complete(cluster, work, [t for one in divisions.values() for t in _tasks(one)], out)
    found = []
    for place in places:
        if place in done:
            found.append(done[place])
            continue
        population = _put_together(divisions[place])
        population.save(place)
        forget_figures(place)  # of a run that was replaced
        shutil.rmtree(place / SLICES)
        found.append(population)
    if len(places) == 1 and places[0] == out:
        (out / SWEEP).unlink(missing_ok=True)
    (out / CLUSTER).unlink()
    shutil.rmtree(out / FOLDER, ignore_errors=True)
    return found


def _tasks(division: Division) -> list[Task]:
    """A task for every slice."""
    objects = tuple(sent(division.given[kind], kind) for kind in ("problem", "solver"))
    paths = [os.path.abspath(path) for path in sys.path] if any(objects) else []
    count = len(division.boxes)
    return [
        Task(division.place(n), (n, *objects, paths), f"Slice {n + 1} of {count}")
        for n in range(count)
    ]


def _put_together(division: Division) -> Population:
    slices = [
        population_from(read_saved_run(division.place(number)), division.slice(number))
        for number in range(len(division.boxes))
    ]
    return merge(division.job, division.boxes, slices, division.call["chunk"])


def _finished(place: pathlib.Path, job: Job, digest: str) -> Population | None:
    """The population that is saved in a directory, if it is that of the job, run to its end."""
    if not (place / SUMMARY).exists() or (place / SLICES).exists():
        return None
    origin = read_saved_run(place).provenance
    if "over" not in origin["run"]:
        return None
    given: dict[str, Any] = {}
    for kind, component in (("problem", job.problem), ("solver", job.solver)):
        if origin[kind]["name"] is None:
            given[kind] = component
    found = load(place, **given)
    same = digest_of(found.provenance, found.problem, found.solver, found.swept) == digest
    return found if same and not (found.names == "interrupted").any() else None


def _check_same(out: pathlib.Path, digests: list[str]) -> None:
    """Raise `PlugaxError` if the slices of another sweep are there."""
    if is_unfinished(out) and _read(out)["digests"] != digests:
        raise PlugaxError(
            f"{out} holds slices of another sweep, which is not finished. Go on with that by "
            "`plugax resume`, save in another directory, or replace it with force=True, on the "
            "command line with --force."
        )


def _read(out: pathlib.Path) -> dict[str, Any]:
    try:
        return unsealed((out / CLUSTER).read_bytes())
    except (OSError, ValueError) as error:
        raise PlugaxError(f"{out / CLUSTER} is damaged: {error}.") from error
