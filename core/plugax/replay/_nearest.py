"""The saved run at or before a step, from which the step can be reached again."""

import dataclasses

import numpy as np

from ..runner import load
from ..solution import Solution, snapshots_in


def nearest(solution: Solution, step: int) -> Solution | None:
    """The run as it was saved after at most so many steps, the latest that there is.

    Arguments:
        solution: the saved run.
        step: the number of steps.

    Returns:
        a solution, of which state, steps and place count; None for the beginning of the run.
    """
    found = [one for one in (solution, *_earlier(solution)) if one.steps <= step]
    best = max(found, key=lambda one: one.steps, default=None)
    saved = {} if solution.directory is None else snapshots_in(solution.directory)
    for number, place in reversed(saved.items()):
        if number <= step and (best is None or number > best.steps):
            return load(place, problem=solution.problem, solver=solution.solver)
    return best


def _earlier(solution: Solution) -> list[Solution]:
    """The earlier states that are saved with a run."""
    found = [
        dataclasses.replace(solution, steps=step, state=state, place=None, best=None)
        for step, state in solution.points.items()
    ]
    row = int(solution.recoveries.get("in_a_row", 0))
    if row:  # the state is still that before the first of the skipped steps
        counts = {"skipped": solution.recoveries["skipped"] - row, "in_a_row": np.asarray(0)}
        before = dataclasses.replace(solution, steps=solution.steps - row, recoveries=counts)
        found.append(dataclasses.replace(before, place=None, best=None))
    return found
