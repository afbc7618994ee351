"""Claims that a run solved its problem, and that its history begins correctly."""

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray

from ...problems import AbstractProblem
from ...runner.loop._program import Task, begin
from ...solution import Solution
from ...solvers import AbstractSolver
from ..claims._claim import claim
from ..claims._precision import Trial, cast, trial

# The largest fraction of the loss above its minimum that may be left after the default steps.
_LEFT = 0.05


def claim_it_falls(
    solver: AbstractSolver, problem: AbstractProblem, solution: Solution, key: PRNGKeyArray
) -> None:
    """Raise unless the loss above its minimum fell to a twentieth, or fell, without a reference."""
    given = trial(problem, key, _bits())
    last = float(given.problem.loss(solution.unknowns, given.batch, given.key)[0])
    _claim_it_fell(solver, given, solution, last)


def claim_it_falls_on_average(
    solver: AbstractSolver, problem: AbstractProblem, solution: Solution, key: PRNGKeyArray
) -> None:
    """Raise unless the mean loss of the last quarter of the run fell to a twentieth."""
    losses = solution.series["loss"]
    last = float(np.mean(losses[-max(1, len(losses) // 4) :]))
    _claim_it_fell(solver, trial(problem, key, _bits()), solution, last)


def begins_with_the_loss(
    solver: AbstractSolver, problem: AbstractProblem, solution: Solution, key: PRNGKeyArray
) -> None:
    """Raise unless the loss of the first step is that of the unknowns it starts from."""
    run = solution.provenance["run"]
    task = Task(problem, solver, solver.prepare(problem, run["steps"]), jr.key(run["seed"]))
    unknowns = solver.unknowns(problem, begin(task).state)
    given = trial(problem, key, _bits())
    expected = float(given.problem.loss(unknowns, given.batch, given.key)[0])
    first = float(solution.series["loss"][0])
    # To rounding in the run's precision, since the two were compiled separately.
    eps = float(np.finfo(solution.series["loss"].dtype).eps)
    claim(
        abs(first - expected) <= 1e3 * eps * abs(expected),
        solver,
        "the loss that the first step reports is that of the unknowns it starts from",
        f"{first:.8g}, but problem.loss is {expected:.8g} at the start",
        "Return the loss at which the step's gradient was taken, not that of the new unknowns.",
    )


def _claim_it_fell(solver: AbstractSolver, given: Trial, solution: Solution, last: float) -> None:
    problem, start = given.problem, float(solution.series["loss"][0])
    answer, least = problem.reference(), None
    if answer is not None:
        least = float(problem.loss(cast(answer, _bits()), given.batch, given.key)[0])
    fell = last < start if least is None else last - least <= _LEFT * (start - least)
    came = f"a loss of {last:.4g} after {solution.steps} steps from {start:.4g}"
    came += "" if least is None else f"; the minimum is {least:.4g}"
    remedy = "Are the defaults fit for unknowns and curvatures of about one?"
    claim(fell, solver, f"it solves {type(problem).__name__}", came, remedy)


def _bits() -> int:
    """The bits of the default precision."""
    return 8 * jnp.result_type(float).itemsize
