"""How many members of a population are computed side by side.

On an accelerator all that fit into memory; in a race as many as are left after the first rung, so
that blocks in which all have stopped are left out. On the CPU, members with a large state are
quicker a few at a time, whose states stay in the cache, unless the states of all fit into it and
the members see the same data (benchmarks/populations.py).
"""

import dataclasses
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ._job import Job
from ._program import Task, start

LARGE = 2**15  # bytes of a member's state from which on the cache matters
CACHE = 2**23  # bytes of the states of all members that stay in it
FEW = 4


def in_blocks(job: Job, device: Any) -> Task:
    """The task of a job, with the size of its blocks and, in a race, the order of its members.

    Arguments:
        job: what is run.
        device: the device of the run.
    """
    task = job.task()
    if job.swept is None:
        return task
    block = job.block or _usual(job, task, device)
    stops = job.race is not None and job.race.stops
    order = jnp.arange(job.members, dtype="int32") if stops else None
    block = None if block is None or block >= job.members else block
    return dataclasses.replace(task, block=block, order=order)


def _usual(job: Job, task: Task, device: Any) -> int | None:
    """The block that is chosen if the user chooses none; None for all members."""
    race = job.race if job.race is not None and job.race.stops else None
    if device.platform != "cpu":
        return None if race is None else max(job.members // race.eta, 1)
    state = eqx.filter_eval_shape(start, task).state
    size = sum(
        math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(state) if hasattr(x, "dtype")
    )
    large = size // job.members >= LARGE
    if race is not None:
        return 1 if large else max(job.members // race.eta**2, 1)
    own_data = task.axes[3] is not None
    # A slice is computed as the whole population would be, so that it has the same bits.
    together = size // job.members * (job.part_of or job.members)
    return FEW if large and (own_data or together > CACHE) else None
