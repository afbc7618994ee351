"""How much memory a run needs.

N members, computed in blocks of b, need

    shared + N (own + k · state + answer) + buffers(N) + b · work + history(N)

bytes. A run holds k = 3 states: before a chunk, after it, and before the chunk before, to which a
member that fails may go back; and a fourth if the best is kept. The sizes come from the shapes of
arrays, and from what the compiled programs say. A single run has one member.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax

from ..devices._blocks import of_members
from ..loop._compile import SPARE, compiled_sizes, size_of
from ..loop._program import Blocks, Task, capacity_for, start
from ..run._job import Job

STATES = 3
MANY = 2**62
FEW = 4  # members of a population that stand for all others, if all do not fit


@dataclasses.dataclass(frozen=True)
class Needs:
    """What the terms of the sum above are [bytes], or numbers.

    Attributes:
        shared: arrays that all members share, and batches that are read ahead.
        own: arrays that differ between members, of one of them.
        state: the solver's state, of one member.
        states: how many of them are held.
        answer: unknowns and metrics of one member.
        row: the metrics of a step that are kept, of one member.
        buffers: how many buffers of the metrics the loop has.
        rows: how many rows the history takes of the same memory.
        work: what a step computes, of one member.
        asked: the size of the blocks that is given; None for all members that fit.
    """

    shared: int
    own: int
    state: int
    states: int
    answer: int = 0
    row: int = 0
    buffers: int = 1
    rows: int = 0
    work: int = 0
    asked: int | None = None

    def parts(self, members: int, block: int) -> dict[str, int]:
        """What the memory is for: data, states, answers, buffers, work of a step, history."""
        row = members * self.row
        return {
            "data": self.shared + members * self.own,
            "states": members * self.states * self.state,
            "answers": members * self.answer,
            "buffers": self.buffers * row * capacity_for(row),
            "work": block * self.work,
            "history": self.rows * row,
        }

    def total(self, members: int, block: int) -> int:
        """The most that is held at once."""
        return sum(self.parts(members, block).values())

    def block(self, members: int, memory: int) -> int:
        """The number of members that a run computes side by side; 0 if not even one fits.

        As in `_compile.py`, the history is left out: few runs take all their steps.
        """
        block = min(self.asked or members, members)
        room = memory - self.total(members, 0) + self.parts(members, 0)["history"]
        if room <= 0 or self.work > room:
            return 0
        return block if block * self.work <= room else max(int(room / self.work * SPARE), 1)

    def fits(self, members: int, memory: int) -> bool:
        """Whether so many members fit, in the blocks of a run."""
        block = self.block(members, memory)
        return block > 0 and self.total(members, block) <= memory

    def most(self, memory: int) -> int:
        """The largest population that fits; 0 if not even one member does."""
        few, many = 0, 1
        while self.fits(many, memory) and many < MANY:
            few, many = many, 2 * many
        while many - few > 1:
            middle = (few + many) // 2
            few, many = (middle, many) if self.fits(middle, memory) else (few, middle)
        return few


def needs_of(job: Job, task: Task, blocks: Blocks, *, ahead: int, on_host: bool) -> Needs:
    """What a run needs; its programs are compiled for that.

    Arguments:
        job: what is run.
        task: its task, or `few_members` of it, the arrays of which are bound to no device.
        blocks: what stands for the batches that are read on the host.
        ahead: the size of all batches that are read ahead [bytes].
        on_host: whether the device has no memory of its own, so that the history lies there too.
    """
    members = members_of(task)
    least = least_needs(job, task)
    sizes = compiled_sizes(task, members, blocks)
    if not sizes:
        return dataclasses.replace(least, shared=least.shared + ahead)
    row = max(one.row for one in sizes)
    buffers = row * capacity_for(row)
    work = max(one.work for one in sizes)
    copied = task.axes is not None and work > buffers  # the vectorised loop fills a copy
    return dataclasses.replace(
        least,
        shared=least.shared + ahead,
        answer=_ceil(sizes[-1].results, members) * (least.states - STATES + 1),
        row=_ceil(row, members),
        buffers=1 + copied,
        # The host joins the pieces of the history, so it holds everything twice.
        rows=2 * job.record.rows(job.plan.steps) if on_host else 0,
        work=_ceil(work - copied * buffers, task.block or members),
    )


def least_needs(job: Job, task: Task) -> Needs:
    """What a run needs at least, by the shapes of its arrays: nothing is compiled."""
    own, shared = _own_and_shared(task)
    members = members_of(task)
    return Needs(
        shared=size_of(shared),
        own=_ceil(size_of(own), members),
        state=_ceil(size_of(eqx.filter_eval_shape(start, task)), members),
        states=STATES + (job.keep_best is not None),
        asked=task.block,
    )


def few_members(task: Task) -> Task:
    """The task of the first members of a population, to compile what is too large for all."""
    own, shared = _own_and_shared(task)
    own = jax.tree.map(lambda leaf: leaf[:FEW], own)
    problem, solver, prepared, key = eqx.combine(own, shared)
    return dataclasses.replace(
        task, problem=problem, solver=solver, prepared=prepared, key=key, block=1, order=None
    )


def members_of(task: Task) -> int:
    """The number of members of a task."""
    own, _ = _own_and_shared(task)
    return len(jax.tree.leaves(own)[0]) if task.axes is not None else 1


def _own_and_shared(task: Task) -> tuple[Any, Any]:
    """What is given to every member: arrays that differ between members, and all the rest."""
    given = (task.problem, task.solver, task.prepared, task.key)
    return eqx.partition(given, False if task.axes is None else of_members(given, task.axes))


def _ceil(size: int, parts: int) -> int:
    return -(-size // parts)
