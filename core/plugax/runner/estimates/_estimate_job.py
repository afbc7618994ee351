"""What one job needs: its memory, its time, and the size of its files."""

import contextlib
import dataclasses
import pathlib
import time
from typing import Any

import jax

from ..._memory import free_memory, size_text
from ...errors import OutOfMemoryError
from ..devices._device import Devices
from ..loop._best import check_metric
from ..loop._compile import compile_in_blocks, size_of
from ..loop._feed import Feed, feed_of
from ..loop._interrupt import Interrupt
from ..loop._program import Task
from ..run._block_size import in_blocks
from ..run._job import Job
from ..run._provenance import provenance_of
from ._estimated import Estimate
from ._needs import Needs, few_members, least_needs, needs_of
from ._saved_size import free_on_disk, saved_size
from ._trial import Trial, evaluations_in, try_out


def estimate_job(
    job: Job, devices: Devices, chunk: int | None, out: pathlib.Path | None
) -> Estimate:
    """The estimate of one program; it is tried out only if it fits into memory.

    Arguments:
        job: what would be run.
        devices: the one device.
        chunk: as for `px.solve`.
        out: where it would be saved, or None.
    """
    device = devices.first
    with jax.default_device(device):
        task = in_blocks(job, devices)
        if job.keep_best is not None:
            check_metric(task, job.keep_best)
        free = free_memory(device)
        if free is not None:  # the arrays of the task are there already
            free += size_of(task)
        least = least_needs(job, task)
        large = free is not None and least.total(job.members, 1) > free
        if large and job.swept is None:
            return _estimate(job, least, free, device, seconds=0.0)
        asked = task.block
        task = few_members(task) if large else task
        feed = _feed(job, task, device)
        blocks = () if feed is None else feed.stand_in()
        ahead = 0 if feed is None else feed.size
        began = time.perf_counter()
        needs = needs_of(job, task, blocks, ahead=ahead, on_host=device.platform == "cpu")
        needs = dataclasses.replace(needs, asked=asked)
        found = _estimate(job, needs, free, device, time.perf_counter() - began)
        if not found.fits:
            return found
        try:  # as in a run
            task, _ = compile_in_blocks(task, job.members, blocks)
        except OutOfMemoryError as error:  # what is free may have changed
            return dataclasses.replace(found, obstacles=(str(error),))
        seconds = time.perf_counter() - began
        provenance = provenance_of(job.problem, job.solver, devices, **job.asked, chunk=chunk)
        with contextlib.nullcontext() if feed is None else feed:
            trial = try_out(job, task, feed, provenance, chunk=chunk)
        found = dataclasses.replace(found, compile_seconds=seconds, block=task.block or job.members)
        return _with_trial(found, job, trial, out)


def _feed(job: Job, task: Task, device: Any) -> Feed | None:
    told: Any = {"step": 0, "steps": job.plan.steps, "place": None}
    data = job.solver.data(job.problem)
    return feed_of(data, task.key, **told, device=device, split=None, interrupt=Interrupt())


def _estimate(job: Job, needs: Needs, free: int | None, device: Any, seconds: float) -> Estimate:
    """What is known before anything is run."""
    members = job.members
    usual = min(needs.asked or members, members)
    block = usual if free is None else needs.block(members, free)
    memory = needs.total(members, block or 1)
    most = None if free is None or job.swept is None else needs.most(free)
    obstacles: tuple[str, ...] = ()
    if free is not None and (not block or memory > free):
        obstacles = (_too_much(job, needs, memory, free, most, f"{device.platform}:{device.id}"),)
    return Estimate(
        steps=job.plan.steps,
        programs=1,
        members=members,
        block=block or 1,
        memory=memory,
        memory_parts=needs.parts(members, block or 1),
        memory_free=free,
        most_members=most,
        compile_seconds=seconds,
        step_seconds=None,
        evaluation_seconds=None,
        seconds=None,
        disk=None,
        disk_free=None,
        obstacles=obstacles,
    )


def _too_much(job: Job, needs: Needs, memory: int, free: int, most: int | None, where: str) -> str:
    """That a run does not fit into memory, and what would."""
    who = "It needs at least" if most is None else f"All {job.members} members need at least"
    history = needs.parts(job.members, 1)["history"]
    remedies = [] if most is None else [f"{most} members fit" if most else "not even one fits"]
    if history and needs.block(job.members, free) and memory - history <= free:
        size = size_text(history)
        remedies.append(f"the history of all steps takes {size} of it, record_every shortens it")
    told = "; ".join(remedies) or "choose a smaller size"
    return (
        f"{who} {size_text(memory)} of memory, and {size_text(free)} is free on {where}. "
        f"{told[0].upper()}{told[1:]}."
    )


def _with_trial(found: Estimate, job: Job, trial: Trial, out: pathlib.Path | None) -> Estimate:
    """The estimate with what the first steps have shown."""
    found = dataclasses.replace(
        found,
        step_seconds=trial.step_seconds,
        evaluation_seconds=trial.evaluation_seconds,
        seconds=trial.seconds,
    )
    if out is None:
        return found
    size = saved_size(
        trial.result,
        rows=job.record.rows(job.plan.steps),
        evaluations=evaluations_in(job.plan),
        best=job.keep_best is not None,
        snapshots=_earlier_snapshots(job, trial.seconds),
    )
    free = free_on_disk(out)
    needed = size.largest
    obstacles = ()
    if needed > free:
        obstacles = (
            f"The saved run takes {size_text(needed)} while it is written, and {size_text(free)} "
            f"is free for {out}. Save elsewhere, or keep fewer steps in the history "
            "(record_every).",
        )
    return dataclasses.replace(found, disk=size.total, disk_free=free, obstacles=obstacles)


def _earlier_snapshots(job: Job, seconds: float) -> int:
    """How many snapshots are kept besides the newest."""
    asked, last = job.snapshots, job.plan.steps - 1
    made = seconds // asked.seconds if asked.steps is None else last // asked.steps
    return int(min(asked.last - 1, made))
