"""What is run: a solver on a problem once, or for every member of a population."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.random as jr
from jaxtyping import PyTree

from ...data._block import streams_in
from ...errors import PlugaxError
from ...problems import AbstractProblem
from ...solution import Lineage
from ...solvers import AbstractSolver
from ..loop._best import KeepBest
from ..loop._program import Task
from ..loop._rates import rates_of, with_rates
from ..request._length import Plan
from ..request._on_non_finite import ANSWERS, EVERY
from ..request._race import Race
from ..request._record import EVERYTHING, Record
from ..request._snapshots import USUAL, Snapshots


@dataclasses.dataclass(frozen=True)
class Job:
    """A run, or the runs of a population, before anything is placed or compiled.

    Attributes:
        problem: the problem, before anything is swept.
        solver: the solver, before anything is swept.
        seed: the seed, or the seeds of a comparison.
        plan: the length.
        prepared_for: the number of steps that the solver prepares for.
        record: what is recorded.
        task: makes the task; called with the device as JAX's default. In population-based training
            its argument is the options of every member by name; by default the first. In a run that
            may go back it is the learning rates.
        swept: the values in which members differ, by name; the last name varies fastest. None for a
            single run.
        keep_best: what makes a state the best, which is then kept; None for nothing.
        block: the number of members that are computed side by side; None for the runner's choice.
        race: by which members are stopped early, or go on from others; None if none are.
        snapshots: how often the run saves its state, and how many snapshots are kept.
        since: the step from which all this holds, if it did not hold before.
        branch: of a run that branched off another: which, at which step, with which options.
        lineage: in population-based training, the lineage from which the run goes on.
        on_non_finite: what is done when a step comes to something that is not finite.
        rates: the learning rates that become smaller when the run goes back, by name.
        part_of: the number of members of the population that this is a slice of; None for a whole.
    """

    problem: AbstractProblem
    solver: AbstractSolver
    seed: Any
    plan: Plan
    prepared_for: int
    record: Record
    task: Callable[..., Task]
    swept: Mapping[str, PyTree] | None = None
    keep_best: KeepBest | None = None
    block: int | None = None
    race: Race | None = None
    snapshots: Snapshots = USUAL
    since: int = 0
    branch: Mapping[str, Any] | None = None
    lineage: Lineage | None = None
    on_non_finite: str = ANSWERS[0]
    rates: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    part_of: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes of the sweep; none for a single run."""
        return tuple(length(values) for values in (self.swept or {}).values())

    @property
    def members(self) -> int:
        """The number of runs."""
        return math.prod(self.shape)

    @property
    def asked(self) -> dict[str, Any]:
        """What the run is repeated from, besides problem and solver."""
        lengths = dict(zip(self.swept or {}, self.shape, strict=True))
        over = {} if self.swept is None else {"over": lengths}
        asked = {"seed": self.seed, **self.plan.asked, "prepared_for": self.prepared_for}
        best = {"keep_best": None if self.keep_best is None else self.keep_best.asked}
        best |= {"on_non_finite": self.on_non_finite}
        raced = {} if self.race is None else {"race": self.race.asked}
        blocks = {} if self.block is None else {"block": self.block}
        saved = self.snapshots.asked
        since = {"since": self.since} if self.since else {}
        branch = {} if self.branch is None else {"branch": dict(self.branch)}
        return asked | self.record.asked | best | over | raced | blocks | saved | since | branch


def single(
    problem: AbstractProblem,
    solver: AbstractSolver,
    *,
    seed: int,
    plan: Plan,
    prepared_for: int | None = None,
    record: Record = EVERYTHING,
    keep_best: KeepBest | None = None,
    snapshots: Snapshots = USUAL,
    since: int = 0,
    branch: Mapping[str, Any] | None = None,
    on_non_finite: str = ANSWERS[0],
    rates: Mapping[str, Any] | None = None,
) -> Job:
    """One run; the solver prepares for its length by default.

    Errors: `PlugaxError` if it is to go back with a smaller learning rate, and the solver has none.
    """
    steps = prepared_for or plan.steps
    if on_non_finite == "rollback":
        if streams_in(solver.data(problem)):
            raise PlugaxError(
                "on_non_finite='rollback' takes steps again on the same batches, and the data of "
                f"{type(problem).__name__} are read on the host only once. Take 'skip' or 'stop', "
                "or data on the device, such as plugax.Shuffled."
            )
        plan = dataclasses.replace(plan, points=EVERY)
        rates = rates_of(solver) if rates is None else rates
    first, skips = rates or {}, on_non_finite == "skip"

    def task(rates: Mapping[str, Any] = first) -> Task:
        made = with_rates(solver, rates)
        prepared = made.prepare(problem, steps)
        return Task(problem, made, prepared, jr.key(seed), record=record, skips=skips)

    told: Any = {"keep_best": keep_best, "snapshots": snapshots, "since": since, "branch": branch}
    told |= {"on_non_finite": on_non_finite, "rates": first}
    return Job(problem, solver, seed, plan, steps, record, task, **told)


def length(values: PyTree) -> int:
    """How many values there are along the leading axis."""
    return len(next(leaf for leaf in jax.tree.leaves(values) if eqx.is_array(leaf)))
