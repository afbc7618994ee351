"""The laws of paths, and a small one with a known answer on which their solvers are tested."""

import numpy as np
from jaxtyping import PRNGKeyArray

from plugax import AbstractSolver, Solution
from plugax.testing import Laws

from ._path import PenalisedPath

# A solver stops within its tolerance, of 1e-8 for that of gradients.
TOLERANCE = 1e-5


def orthogonal() -> PenalisedPath:
    """Four rows, two orthogonal columns: each coefficient is that of least squares less λ."""
    data = {
        "first": [1.0, 1.0, -1.0, -1.0],
        "second": [1.0, -1.0, 1.0, -1.0],
        "y": [5.0, 3.0, -1.0, -3.0],
    }
    return PenalisedPath(data, "y", strengths=12, ratio=0.1, folds=2)


def claim_it_follows(
    solver: AbstractSolver, problem: PenalisedPath, solution: Solution, key: PRNGKeyArray
) -> None:
    """Raise unless the coefficients of every strength are those of least squares less λ."""
    del solver, problem, key
    strength = np.asarray(solution.series["strength"])[:, None]
    expected = np.maximum(np.asarray([3.0, 1.0]) - strength, 0)
    found = np.asarray(solution.series["standardised"])[:, 1:]
    if not np.allclose(found, expected, atol=TOLERANCE):
        raise AssertionError(f"Coefficients of the path: {found}; expected {expected}.")


PATH = Laws(reference=orthogonal, solves=claim_it_follows)
