"""A run that goes some steps back, with half the learning rate, when a metric is not finite.

Every 100 steps lies a point, whose state is kept; the latest two are. A metric that is not finite
at step j tells of unknowns that were lost before, so the run goes back to the latest point at least
100 steps before j, or to the earliest that there is. From there all learning rates of the solver
are half of what they were. The history has only the steps that led on; what was abandoned is cut.

Points lie at fixed steps, and the states of the latest are saved with the run. So nothing depends
on chunks or on the clock, and a run that is interrupted and resumed goes back as one that is not.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ...solution import Solution
from ...solvers import AbstractSolver
from ..request._on_non_finite import EVERY
from ._chunks import Failure, RunState
from ._program import Task, again_at
from ._rates import rates_of

KEPT = 2
MOST = 10
"""How often a run goes back; the learning rate is then a thousandth of what it was."""
FACTOR = 0.5


@dataclasses.dataclass
class Rollbacks:
    """How often a run has gone back, and where to it may.

    Attributes:
        rates: the learning rates now, by name.
        points: the solver's state by the number of steps, the earliest first.
        failed: the step of each rollback whose metrics were not finite.
        back: the step that the run went back to.
        past: the learning rates from there on, by name.
    """

    rates: dict[str, jax.Array]
    points: dict[int, PyTree] = dataclasses.field(default_factory=dict)
    failed: list[int] = dataclasses.field(default_factory=list)
    back: list[int] = dataclasses.field(default_factory=list)
    past: dict[str, list[np.ndarray]] = dataclasses.field(default_factory=dict)

    def note(self, step: int, state: PyTree) -> None:
        """Keep a state, if there is a point at this step, or none before it."""
        if step % EVERY and self.points:
            return
        self.points[step] = state
        for old in sorted(self.points)[:-KEPT]:
            del self.points[old]

    def target(self, failure: Failure) -> int | None:
        """The point to go back to; None if that cannot help, or has not often enough."""
        if not failure.step or len(self.failed) >= MOST:
            return None
        early = [point for point in self.points if point <= failure.step - EVERY]
        return max(early, default=min(self.points))

    def go_back(self, failure: Failure, point: int) -> None:
        """Write down that the run goes back to a point, and halve the learning rates."""
        self.rates = {name: rate * FACTOR for name, rate in self.rates.items()}
        self.failed.append(failure.step)
        self.back.append(point)
        for name, rate in self.rates.items():
            self.past.setdefault(name, []).append(np.asarray(rate))
        self.points = {step: state for step, state in self.points.items() if step <= point}

    def arrays(self, count: int | None = None) -> dict[str, np.ndarray]:
        """The first rollbacks, or all, as `Solution.recoveries` has them."""
        steps = {"failed": self.failed, "step": self.back}
        found = {name: np.asarray(values, int)[:count] for name, values in steps.items()}
        for name, rate in self.rates.items():
            past = self.past.get(name, [])[:count]
            found[name] = np.stack(past) if past else np.zeros((0, *rate.shape), rate.dtype)
        return found

    def remark(self) -> tuple[str, ...]:
        """One sentence on the rollbacks, if there were any."""
        if not self.failed:
            return ()
        times = "once" if len(self.failed) == 1 else f"{len(self.failed)} times"
        factor = 2 ** len(self.failed)
        rates = " and ".join(
            f"{name} is {np.asarray(rate):.6g}" if np.ndim(rate) == 0 else f"{name} is smaller"
            for name, rate in self.rates.items()
        )
        return (
            f"The run went back {times}, last from step {self.failed[-1]} to step "
            f"{self.back[-1]}; {rates} from there on, 1/{factor} of what was asked for.",
        )


def rollbacks_of(before: Solution | None, rates: Mapping[str, Any]) -> Rollbacks:
    """The rollbacks of a run from its beginning, or from the end of `before`."""
    if before is None:
        return Rollbacks(dict(rates))
    told = dict(before.recoveries)
    failed, back = told.pop("failed").tolist(), told.pop("step").tolist()
    past = {name: [*map(np.asarray, values)] for name, values in told.items() if len(values)}
    return Rollbacks(dict(rates), dict(before.points), failed, back, past)


def rates_after(before: Solution, solver: AbstractSolver) -> dict[str, Any]:
    """The learning rates with which a run goes on from the end of `before`."""
    first = rates_of(solver)
    count = len(before.recoveries["failed"])
    return {name: rate * FACTOR**count for name, rate in first.items()}


def put_back(task: Task, run_state: RunState, point: int, state: PyTree) -> None:
    """The run state at an earlier point; its history is another matter.

    Arguments:
        task: the task to go on with.
        run_state: the run state, of a single run; changed in place.
        point: the number of steps.
        state: the solver's state after so many; it stays as it is.
    """
    position = again_at(task, state, jnp.asarray(point, "int32"))
    run_state.state, run_state.cursor = position.state, position.cursor
    run_state.step = run_state.first = point
    run_state.taken[:] = point
    # What the end of the chunk said of them was said of numbers that are not finite.
    run_state.converged = run_state.stalled = None
    run_state.last = {}
