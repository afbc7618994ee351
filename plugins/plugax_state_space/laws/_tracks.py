"""The main law of a solver of state-space problems: it tracks the truth.

A filter has no loss to reduce. Its answer changes with the observations, and even the best answer
has an error: that of the Kalman filter, if all is linear and Gaussian. So the law is that the
analyses are not much worse than those of the Kalman filter.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PRNGKeyArray, PyTree

from plugax import AbstractSolver, Solution, solve
from plugax.testing.tools import ROUNDING, claim, claimed, difference, seed_from, tried

from .. import AbstractStateSpace
from ._tracking import Tracking

# How many times the error of the Kalman filter is allowed. Constant background errors add a fifth
# to a half of it, small ensembles a tenth; without observations it is six times as large.
REACH = 2.0
STEPS = 8


def claim_tracks(
    solver: AbstractSolver,
    problem: AbstractStateSpace,
    solution: Solution,
    key: PRNGKeyArray,  # noqa: ARG001
) -> None:
    """Raise unless the analyses of a run are near the truth, over the second half of the run.

    On the kit's own problem the error is below twice that of the Kalman filter. On any other
    problem with a known truth it is below that of the model without observations. Without a truth
    nothing is checked.
    """
    if problem.cycles.truth is None:
        return
    law = "its analyses follow the truth"
    remedy = (
        "Are the observations used, each with its own error? Are the metrics `time` and "
        "`analysis_rmse` those of the analysis? A method that is not meant to follow the truth, "
        "such as a climatology, leaves out check_solver_solves."
    )
    series = solution.series
    has_them = {"time", "analysis_rmse"} <= set(series)
    claim(has_them, solver, law, f"the metrics {sorted(series)}", remedy)
    known = isinstance(problem, Tracking)
    limits = _errors(problem, jnp.asarray(problem.kalman()) if known else _free_run(problem))
    # Only the second half: the first still depends on the initial distribution.
    late = len(series["time"]) // 2
    where = np.searchsorted(np.asarray(problem.cycles.time), series["time"][late:] * (1 - 1e-6))
    limit = (REACH if known else 1.0) * _root_mean_square(limits[where])
    error = _root_mean_square(series["analysis_rmse"][late:])
    came = f"an error of {error:.4g}, where {limit:.4g} is the limit"
    claim(error <= limit, solver, law, came, remedy)


def claim_times(
    solver: AbstractSolver, problem: AbstractStateSpace, solution: Solution, key: PRNGKeyArray
) -> None:
    """Raise unless the `time` of every step is that of its last observations."""
    data = solver.data(problem)
    numbers = [jnp.asarray(step, "int32") for step in range(solution.steps)]
    batches = [data.next(data.init(key, number), key, number)[0] for number in numbers]
    expected = np.asarray([np.ravel(batch.time)[-1] for batch in batches])
    found = solution.series.get("time", np.zeros(0))
    claim(
        found.shape == expected.shape and np.allclose(found, expected),
        solver,
        "the metric `time` of a step is that of its last observations",
        f"{found[:3]}, where it is {expected[:3]}",
        "Return cycle.time, or window.time[-1]; it decides which cycles are after the burn-in.",
    )


def check_solver_truth(solver: AbstractSolver, key: PRNGKeyArray, problem: Any = None) -> None:
    """Without a known truth a run is the same, but metrics that need the truth are left out.

    Arguments:
        solver: the solver.
        key: random key of the seed.
        problem: the problem to solve; by default the kit's own.
    """
    with tried(solver, problem) as (solver, problem, _):
        if problem.cycles.truth is None:
            return
        blind = eqx.tree_at(lambda problem: problem.cycles.truth, problem, None)
        law = "without a truth it runs as with one"
        remedy = "Check whether cycle.truth is None, and use the truth for metrics only."
        with claimed(solver, law, remedy):
            seeing, unseeing = (
                solve(given, solver, seed=seed_from(key), steps=STEPS) for given in (problem, blind)
            )
        found = difference(seeing.unknowns, unseeing.unknowns, tolerance=ROUNDING)
        claim(found is None, solver, law, found, remedy)
        odd = [name for name in unseeing.series if name.endswith("rmse")]
        claim(not odd, solver, law, f"the metrics {odd} of no truth", remedy)
        unknown = [n for n, values in unseeing.series.items() if not _finite(values)]
        claim(not unknown, solver, law, f"metrics {unknown} that are not finite", remedy)


def _free_run(problem: AbstractStateSpace) -> PyTree:
    """The states of a run of the model without observations."""
    states = problem.trajectory(problem.initial.mean, problem.cycles)
    return jax.vmap(problem.verified)(states)


def _errors(problem: AbstractStateSpace, states: PyTree) -> np.ndarray:
    """The error of every cycle, a root mean square over the numbers of the truth."""
    flat = jax.vmap(lambda state: ravel_pytree(state)[0])
    gap = np.asarray(flat(states)) - np.asarray(flat(problem.cycles.truth))
    return np.sqrt(np.mean(np.square(gap), axis=1))


def _root_mean_square(errors: Any) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))


def _finite(values: np.ndarray) -> bool:
    return not np.issubdtype(values.dtype, np.floating) or bool(np.isfinite(values).all())
