"""A run of about a second, to see how fast it is."""

import dataclasses
import math
import time
from typing import Any

import jax
import numpy as np

from ...solution import Population, Solution
from ..loop._chunks import RunState, fetch, run_chunks, warm_up
from ..loop._evaluate import add_evaluation, evaluate
from ..loop._feed import Feed
from ..loop._interrupt import Interrupt
from ..loop._program import Task, begin, finish
from ..request._length import Plan
from ..run._job import Job
from ..run._journal import Memory
from ..run._result import result_of

ENOUGH = 0.5  # seconds of steps


@dataclasses.dataclass(frozen=True)
class Trial:
    """The beginning of a run.

    Attributes:
        step_seconds: the time of a step, of all members together.
        evaluation_seconds: the time of an evaluation.
        seconds: the time of the whole run.
        result: what it has come to.
    """

    step_seconds: float
    evaluation_seconds: float
    seconds: float
    result: Solution | Population


def try_out(
    job: Job, task: Task, feed: Feed | None, provenance: dict[str, Any], *, chunk: int | None
) -> Trial:
    """Run the first steps of a job.

    Arguments:
        job: what is run.
        task: its task.
        feed: brings what is read on the host; None if nothing is.
        provenance: that of the run.
        chunk: as for `px.solve`.
    """
    position = begin(task)
    run_state = RunState(position.state, 0, np.zeros(job.members, int))
    run_state.cursor = position.cursor
    if feed is None or fetch(feed, run_state):
        warm_up(task, run_state)
    pace = _Pace(task)
    told: Any = {"plan": job.plan, "chunk": chunk, "feed": feed, "interrupt": Interrupt()}
    run_chunks(task, run_state, **told, after_chunk=pace.after_chunk)
    evaluate(task, run_state)
    began = time.perf_counter()
    jax.block_until_ready(finish(task, run_state.state))
    evaluation = time.perf_counter() - began
    evaluations = evaluations_in(job.plan)
    if evaluations and not run_state.evaluations:
        add_evaluation(task, run_state)
    return Trial(
        step_seconds=pace.seconds,
        evaluation_seconds=evaluation,
        seconds=job.plan.steps * pace.seconds + (evaluations + 1) * evaluation,
        result=result_of(job, task, run_state, history=Memory(job, None), provenance=provenance),
    )


def evaluations_in(plan: Plan) -> int:
    """The number of evaluations during a whole run, besides the one at its end."""
    return 0 if plan.interval is None else math.floor(plan.steps / plan.interval)


class _Pace:
    """How fast the steps of a run are, from its last chunk."""

    def __init__(self, task: Task):
        self.task, self.seconds, self._before = task, 0.0, 0.0

    def after_chunk(self, run_state: RunState) -> Task | None:
        steps = max(run_state.step - run_state.first, 1)
        self.seconds = (run_state.run_seconds - self._before) / steps
        self._before = run_state.run_seconds
        return self.task if run_state.run_seconds < ENOUGH else None
