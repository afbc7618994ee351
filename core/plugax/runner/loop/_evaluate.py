"""Evaluations of the unknowns by the problem: at the end of a run, and at intervals during it.

An evaluation is a call from the host between two chunks; a chunk ends when one is due. So the
compiled loop is not involved, and all members of a population are evaluated in one program too.
"""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from ...problems import Metrics
from ..devices._processes import here
from ..request._length import Plan
from ._chunks import RunState
from ._program import Task, finish, timed


def evaluate(task: Task, run_state: RunState) -> tuple[PyTree, Metrics]:
    """The present unknowns and their figures of merit; computed once for each state."""
    if run_state.finished is None or run_state.finished[0] is not run_state.state:
        with timed(run_state):
            run_state.finished = (
                run_state.state,
                *here(jax.block_until_ready(finish(task, run_state.state))),
            )
    return run_state.finished[1:]


def evaluate_if_due(task: Task, run_state: RunState, plan: Plan) -> dict[str, np.ndarray]:
    """Add an evaluation to the run state if the plan has one now, and return it, `(members, …)`.

    NaN (or 0) stands for members that are no longer running. Empty if none is due.
    """
    gone = run_state.taken != run_state.step
    if not plan.evaluates(run_state.step) or gone.all():
        return {}
    return add_evaluation(task, run_state)


def add_evaluation(task: Task, run_state: RunState) -> dict[str, np.ndarray]:
    """Add an evaluation to the run state, due or not, and return it, as `evaluate_if_due`."""
    gone = run_state.taken != run_state.step
    row = {}
    for name, value in evaluate(task, run_state)[1].items():
        if not eqx.is_array(value):
            continue
        figures = np.array(value)[None] if task.axes is None else np.array(value)
        figures[gone] = np.nan if np.issubdtype(figures.dtype, np.inexact) else 0
        row[name] = figures
    run_state.evaluations.append((run_state.step, row))
    return row


def evaluations_of(run_state: RunState) -> dict[str, np.ndarray]:
    """All evaluations by name, `(members, evaluations, …)`, and after how many steps, in `step`."""
    if not run_state.evaluations:
        return {}
    steps, rows = zip(*run_state.evaluations, strict=True)
    stacked = {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]}
    return stacked | {"step": np.asarray(steps)}
