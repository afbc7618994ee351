"""The scalars of a chunk as columns: what all loggers write.

A metric of the steps has its own name, one of an evaluation `evaluation/NAME`. Every member of a
population has columns of its own: `loss/0`, `loss/1`, …, with two axes `loss/0,0`. Arrays are left
out.
"""

import dataclasses
import itertools

import numpy as np

from plugax.observers import Progress


@dataclasses.dataclass(frozen=True)
class Columns:
    """Values by name, and the steps they belong to.

    Attributes:
        steps: the numbers of the steps, `(rows,)`.
        values: the values by name, each `(rows,)`.
    """

    steps: np.ndarray
    values: dict[str, np.ndarray]

    def rows(self, every: int = 1) -> list[tuple[int, dict[str, float]]]:
        """The rows of steps divisible by `every`: the step, and its values by name."""
        chosen = np.flatnonzero(self.steps % every == 0) if every > 1 else range(self.steps.size)
        return [
            (int(self.steps[row]), {n: float(x[row]) for n, x in self.values.items()})
            for row in chosen
        ]


def of_steps(progress: Progress) -> Columns:
    """The metrics of the chunk's steps."""
    axes = progress.running.shape
    scalars = {n: x for n, x in progress.metrics.items() if x.ndim == len(axes) + 1}
    return Columns(progress.recorded, _by_member(scalars, axes))


def of_evaluation(progress: Progress) -> Columns:
    """The evaluation that the chunk ended with, one row; none if there was none."""
    axes = progress.running.shape
    scalars = {n: x[..., None] for n, x in progress.evaluation.items() if x.ndim == len(axes)}
    steps = np.full(1 if scalars else 0, progress.step)
    named = {f"evaluation/{name}": value for name, value in scalars.items()}
    return Columns(steps, _by_member(named, axes))


def _by_member(arrays: dict[str, np.ndarray], axes: tuple[int, ...]) -> dict[str, np.ndarray]:
    # Booleans as 0 and 1, as all services want them.
    arrays = {n: x.astype("int8") if x.dtype == bool else x for n, x in arrays.items()}
    if not axes:
        return arrays
    members = list(itertools.product(*map(range, axes)))
    return {
        f"{name}/{','.join(map(str, member))}": array[member]
        for name, array in arrays.items()
        for member in members
    }
