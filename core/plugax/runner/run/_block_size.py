"""How many members of a population are computed side by side.

On an accelerator all that fit into memory; in a race as many as are left after the first rung, so
that blocks in which all have stopped are left out. On the CPU, members with a large state are
quicker a few at a time, whose states stay in the cache, unless the states of all fit into it and
the members see the same data (benchmarks/populations.py).

How a member is rounded on the CPU depends on how many are computed side by side. So if the user
asks for several devices there, the blocks have a size that does not depend on how many they are, up
to eight: a population then has the same bits on all of them.
"""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool

from ..devices._device import Devices
from ..devices._split import split_of
from ..loop._compile import size_of
from ..loop._program import Task, start
from ._job import Job

LARGE = 2**15  # bytes of a member's state from which on the cache matters
CACHE = 2**23  # bytes of the states of all members that stay in it
FEW = 4
LANES = 8  # devices up to which the size of blocks is the same


def in_blocks(job: Job, devices: Devices) -> Task:
    """The task of a job, with the size of its blocks and, in a race, the order of its members.

    If it runs on several devices, the task says what is spread over them.

    Arguments:
        job: what is run.
        devices: the devices of the run.

    Errors: `DeviceError` if nothing can be spread over them.
    """
    task = job.task()
    data = job.solver.data(job.problem)
    split = split_of(devices, data, population=job.swept is not None)
    if job.swept is None:
        return dataclasses.replace(task, split=split)
    block = job.block or _usual(job, task, devices)
    if job.block is None and devices.several and devices.first.platform == "cpu":
        even = max(job.members // max(LANES, len(devices.found)), 1)
        block = even if block is None else min(block, even)
    stops = job.race is not None and job.race.stops
    block = None if block is None or block >= job.members else block
    task = dataclasses.replace(task, block=block, split=split)
    return in_order(task, np.ones(job.members, bool)) if stops else task


def in_order(task: Task, active: Bool[np.ndarray, " members"]) -> Task:
    """The task with the members that may go on in the first blocks, on each device."""
    split = task.split
    order = np.argsort(~active, kind="stable") if split is None else split.order(active, task.block)
    order = jnp.asarray(order, "int32")
    order = order if split is None else split.put(order, split.cut())
    return dataclasses.replace(task, order=order)


def _usual(job: Job, task: Task, devices: Devices) -> int | None:
    """The block that is chosen if the user chooses none; None for all members."""
    race = job.race if job.race is not None and job.race.stops else None
    if devices.first.platform != "cpu":
        each = -(-job.members // len(devices.found))
        return None if race is None else max(each // race.eta, 1)
    state = eqx.filter_eval_shape(start, task).state
    size = size_of(state)
    large = size // job.members >= LARGE
    if race is not None:
        return 1 if large else max(job.members // race.eta**2, 1)
    own_data = task.axes[3] is not None
    # A slice is computed as the whole population would be, so that it has the same bits.
    together = size // job.members * (job.part_of or job.members)
    return FEW if large and (own_data or together > CACHE) else None
