"""The figures of a state-space problem, as far as a history has the metrics for them."""

from typing import TYPE_CHECKING

import numpy as np

from ._figure_cost import cost
from ._figure_errors import errors
from ._figure_innovations import innovations
from ._figure_ranks import rank_histogram
from ._figure_states import hovmoller, states

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plugax import Solution

    from ._state_space import AbstractStateSpace

DRAWN = {
    "errors": errors,
    "hovmoller": hovmoller,
    "states": states,
    "rank_histogram": rank_histogram,
    "cost": cost,
    "innovations": innovations,
}


def figures_of(problem: "AbstractStateSpace", solution: "Solution") -> dict[str, "Figure"]:
    """The figures by name, without those whose metrics the solver does not keep.

    Arguments:
        problem: the problem.
        solution: a solution of the problem.
    """
    series = {name: np.asarray(values) for name, values in solution.series.items()}
    if "time" not in series or not len(series["time"]):
        return {}
    made = {name: draw(problem, series) for name, draw in DRAWN.items()}
    return {name: figure for name, figure in made.items() if figure is not None}
