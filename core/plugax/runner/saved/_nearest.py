"""Saved runs by their steps: the newest that is whole, and the nearest at or before a step."""

import dataclasses
import os
import pathlib
import warnings
from typing import Any

import numpy as np

from ...errors import DamagedRunError, PlugaxError, ResumeWarning
from ...solution import Population, Solution, set_aside, snapshots_in
from ..devices._device import find_devices
from ..loop._best import keeping
from ..loop._rollback import rates_after
from ..members._population import population
from ..request._length import Length
from ..run._job import Job, single
from ..run._run import run
from ._load import load, told_of

Run = Solution | Population


def newest(path: str | os.PathLike, **given: Any) -> Any:
    """The run in a directory; if its newest snapshot is damaged, the newest one that is not.

    What is damaged is set aside, in a directory beside it.

    Arguments:
        path: the directory.
        given: problem and solver, as for `load`.

    Errors: those of `load`, if no snapshot is whole.
    """
    directory = pathlib.Path(path)
    try:
        return load(directory, **given)
    except DamagedRunError as error:
        for step, place in reversed(snapshots_in(directory).items()):
            try:
                before = _with_best(load(place, **given), directory, given)
            except PlugaxError:
                continue
            if before is None:
                continue
            aside = set_aside(directory)
            warnings.warn(
                ResumeWarning(
                    f"The newest snapshot in {directory} is damaged, and was set aside in {aside}: "
                    f"{error} The run goes on from the one before, after {step} steps."
                ),
                stacklevel=3,
            )
            return before
        raise


def at_step(path: str | os.PathLike, step: int, *, chunk: int | None = None, **given: Any) -> Run:
    """The run as it was after so many steps: its nearest snapshot, and run on to there.

    Arguments:
        path: the directory of the run.
        step: the number of steps.
        chunk: as for `solve`.
        given: problem and solver, as for `load`.

    Errors: those of `load`; `PlugaxError` if the run was never there, or the way there is not
    known any more.
    """
    directory = pathlib.Path(path)
    last = load(directory, **given)
    taken = int(np.max(last.steps))
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step <= taken:
        raise PlugaxError(
            f"The run in {directory} has taken {taken} steps; a step of it is a whole number from "
            f"0 to {taken}; got {step!r}."
        )
    before = _start(directory, last, step, given)
    if before is not None and int(np.max(before.steps)) == step:
        return before
    return go_to(last, before, step, chunk=chunk)


def go_to(like: Run, before: Run | None, step: int, *, chunk: int | None = None) -> Run:
    """Run up to a step, as the run did; nothing is saved.

    Arguments:
        like: a later state of the run.
        before: an earlier one; None for the beginning.
        step: the number of steps to stop after.
        chunk: as for `solve`.
    """
    job = job_like(like, before)
    job = dataclasses.replace(job, plan=dataclasses.replace(job.plan, steps=step))
    told: dict[str, Any] = {"devices": find_devices(), "observers": (), "out": None, "throw": False}
    reached = run(job, before, chunk=chunk, **told)
    return dataclasses.replace(reached, provenance=like.provenance)


def job_like(like: Run, before: Run | None = None) -> Job:
    """The job of a run, to be done again from the beginning or from an earlier state."""
    asked = like.provenance["run"]
    length = Length(asked["steps"], evaluate_every=asked["evaluate_every"])
    plan = length.in_steps(like.solver.data(like.problem), 1)
    told = told_of(asked) | {"plan": plan, "prepared_for": asked["prepared_for"]}
    told |= {"keep_best": keeping(asked.get("keep_best"), plan)}
    if isinstance(before, Solution) and told["on_non_finite"] == "rollback":
        told |= {"rates": rates_after(before, like.solver)}
    if isinstance(like, Solution):
        return single(like.problem, like.solver, **told)
    lineage = before.lineage if isinstance(before, Population) else None
    return population(like.problem, like.solver, like.swept, lineage=lineage, **told)


def starts_of(path: str | os.PathLike, like: Run) -> dict[int, pathlib.Path | None]:
    """The states that a run can be done again from, by their steps; None is its beginning.

    The beginning is not among them if the run branched off another, or was prepared anew; nor is
    what lies before the last step to which it went back, from where it went on in another way.
    """
    since = like.provenance["run"].get("since", 0)
    if np.size(back := like.recoveries.get("step", np.zeros(0, int))):
        since = max(since, int(back[-1]) + 1)
    found: dict[int, pathlib.Path | None] = {} if since else {0: None}
    earlier = snapshots_in(pathlib.Path(path))
    return found | {step: place for step, place in earlier.items() if step >= since}


def _start(directory: pathlib.Path, last: Run, step: int, given: dict[str, Any]) -> Run | None:
    """The latest state at or before a step; None for the beginning."""
    if int(np.max(last.steps)) == step:
        return last
    starts = starts_of(directory, last)
    for place in [place for begin, place in reversed(starts.items()) if begin <= step]:
        if place is None:
            return None
        try:
            before = _with_best(load(place, **given), directory, given)
        except DamagedRunError:
            continue
        if before is not None:
            return before
    raise PlugaxError(
        f"There is no snapshot of the run in {directory} at or before step {step}, and it cannot "
        f"be done again from its beginning. Its snapshots are of the steps "
        f"{', '.join(map(str, starts)) or 'none'}."
    )


def _with_best(before: Run, directory: pathlib.Path, given: dict[str, Any]) -> Run | None:
    """An earlier snapshot with its best; None if the best of that time is not kept any more."""
    if before.provenance["run"].get("keep_best") is None:
        return before
    last = load(directory / "best", **given) if (directory / "best").is_dir() else None
    if last is None:
        return before
    if np.any(np.asarray(last.steps) > np.max(before.steps)):
        return None
    name = "best" if isinstance(before, Solution) else "bests"
    return dataclasses.replace(before, **{name: last})
