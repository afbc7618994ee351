"""What the problem says of the unknowns: at the end of a run, and now and then before it.

An evaluation is a call from the host between two chunks, which end where one is due. So the
compiled loop knows nothing of it, and a population's members are evaluated in one program too.
"""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from ..problems import Metrics
from ._drive import Course
from ._length import Plan
from ._program import Task, finish, timed


def finished(task: Task, course: Course) -> tuple[PyTree, Metrics]:
    """The unknowns of now and the problem's figures of merit for them; computed once a state."""
    if course.finished is None or course.finished[0] is not course.state:
        with timed(course):
            course.finished = (course.state, *jax.block_until_ready(finish(task, course.state)))
    return course.finished[1:]


def evaluate_if_due(task: Task, course: Course, plan: Plan) -> dict[str, np.ndarray]:
    """Add an evaluation to the course where the plan has one now, and return it, `(members, …)`.

    NaN (or 0) stands for members that are no longer running. Empty where none is due.
    """
    gone = course.taken != course.step
    if not plan.evaluates(course.step) or gone.all():
        return {}
    row = {}
    for name, value in finished(task, course)[1].items():
        if not eqx.is_array(value):
            continue
        figures = np.array(value)[None] if task.axes is None else np.array(value)
        figures[gone] = np.nan if np.issubdtype(figures.dtype, np.inexact) else 0
        row[name] = figures
    course.evaluations.append((course.step, row))
    return row


def evaluations_of(course: Course) -> dict[str, np.ndarray]:
    """All evaluations by name, `(members, evaluations, …)`; `step` tells after how many steps."""
    if not course.evaluations:
        return {}
    steps, rows = zip(*course.evaluations, strict=True)
    stacked = {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]}
    return stacked | {"step": np.asarray(steps)}
