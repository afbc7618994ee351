"""Checks of a solver in the runner: chunks, resuming, seeds, history, compilation."""

import tempfile
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import PRNGKeyArray

from ...observers import AbstractObserver, Progress
from ...problems import AbstractProblem
from ...runner import resume, solve, sweep, verify
from ...runner.loop._program import traces
from ...solution import Solution
from ...solvers import AbstractSolver
from ..claims._claim import claim, claimed
from ..claims._compare import ROUNDING, difference
from ..claims._precision import cast
from ..kinds._laws import last_of
from ..kinds._references import reference_for, tried
from ..others._module import make_again
from ..problems._runs import seed_from
from ._steps import STEPS, as_arrays, scale_floats

CHUNK = 3
SEEDS = 3


def check_solver_history(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """The loss of a step is that of the unknowns it starts from: history begins with the start.

    Kinds of problem whose loss depends on more than the unknowns define another criterion
    (`Laws.begins`).

    Arguments:
        solver: the solver.
        key: the random key for the seed.
        problem: as for `check_solver_state`; its loss must not depend on the key.
    """
    with tried(solver, problem) as (solver, problem, _):
        solution = _run(solver, problem, seed_from(key))
        if solution.steps:  # if not, it does not solve anything, which is another check
            last_of(problem, "begins")(solver, problem, solution, key)


def check_solver_chunks(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """A run in chunks equals the run in one piece, bit for bit.

    Arguments:
        solver: the solver.
        key: the random key for the seed.
        problem: as for `check_solver_state`.
    """
    with tried(solver, problem) as (solver, problem, _):
        whole = _run(solver, problem, seed_from(key))
        cut = _run(solver, problem, seed_from(key), chunk=CHUNK)
        _same_bits(solver, "a run in chunks equals the run in one piece", whole, cut)


def check_solver_resumes(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """A run that is interrupted, saved and resumed equals the uninterrupted one, bit for bit.

    So does a stretch of it that is run again from a snapshot, with its state.

    Arguments:
        solver: the solver; it passes if it needs only one step, with nothing to resume.
        key: the random key for the seed.
        problem: as for `check_solver_state`.
    """
    with (
        tried(solver, problem) as (solver, problem, _),
        tempfile.TemporaryDirectory() as directory,
    ):
        whole = _run(solver, problem, seed_from(key))
        half = whole.steps // 2
        if half == 0:
            return
        law = "a run can be saved and resumed"
        with claimed(solver, law, "All that a step needs must be in the state, as arrays."):
            told = {"seed": seed_from(key), "steps": STEPS, "chunk": 1, "out": directory}
            solve(problem, solver, **told, observers=[_StopAt(half)])
            resumed = resume(directory, problem=problem, solver=solver, chunk=CHUNK)
        _same_bits(solver, "a resumed run equals the uninterrupted one", whole, resumed)
        again = verify(directory, seed=half, problem=problem, solver=solver)
        law = "a stretch of a saved run, run again, has the same bits"
        claim(again.success, solver, law, str(again), "Keep nothing outside the state.")


class _StopAt(AbstractObserver):
    """Ends a run early, which has been prepared for all its steps."""

    def __init__(self, step: int):
        self.step = step

    def on_progress(self, progress: Progress) -> bool:
        return progress.step >= self.step


def check_solver_seeds(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """The members of a population over seeds equal the runs of each seed, to rounding.

    A population that is saved and resumed equals the uninterrupted one, bit for bit.

    Arguments:
        solver: the solver.
        key: the random key for the seeds.
        problem: as for `check_solver_state`.
    """
    with jax.enable_x64(True):
        on = cast(reference_for(solver) if problem is None else problem, 64)
        solver = cast(solver, 64)
        seeds = [seed_from(k) for k in jr.split(key, SEEDS)]
        law = "its runs can be vmapped over seeds"
        with claimed(solver, law, "In a step use jax.numpy and jax.lax alone."):
            population = sweep(on, solver, over={"seed": seeds}, steps=STEPS)
        alone = [_run(solver, on, seed) for seed in seeds]
        expected = jax.tree.map(
            lambda *leaves: jnp.stack(leaves) if isinstance(leaves[0], jax.Array) else leaves[0],
            *(solution.unknowns for solution in alone),
        )
        found = difference(population.unknowns, expected, tolerance=ROUNDING)
        law = "a population over seeds is the run of every seed"
        remedy = "Does the state of one member reach another, or does a loop stop for all at once?"
        claim(found is None, solver, law, found, remedy)
        steps = [solution.steps for solution in alone]
        claim(population.steps.tolist() == steps, solver, law, (population.steps, steps), remedy)
        if (half := max(steps) // 2) == 0:
            return
        law = "a population can be saved and resumed"
        with claimed(solver, law, "See the error itself."), tempfile.TemporaryDirectory() as out:
            told = {"over": {"seed": seeds}, "steps": STEPS, "chunk": 1, "out": out}
            sweep(on, solver, **told, observers=[_StopAt(half)])
            resumed = resume(out, problem=on, solver=solver)
        law = "a resumed population is the uninterrupted one, bit for bit"
        for part in ("unknowns", "state", "series"):
            found = difference(getattr(population, part), getattr(resumed, part))
            claim(found is None, solver, law, found, "Keep nothing outside the state.")


def check_solver_traces_once(
    solver: AbstractSolver,
    key: PRNGKeyArray,
    problem: AbstractProblem | None = None,
    again: AbstractSolver | None = None,
) -> None:
    """A run with another seed and other float hyperparameters traces nothing again.

    Arguments:
        solver: the solver; Python floats among its leaves are turned into arrays first.
        key: the random key for the seeds.
        problem: as for `check_solver_state`.
        again: another solver made in the same way; by default made by name, if `solver` was.
    """
    again = again or make_again(solver) or solver
    with tried(solver, problem) as (solver, problem, bits):
        _run(as_arrays(solver), problem, seed_from(key))
        before = traces.copy()
        _run(scale_floats(as_arrays(cast(again, bits))), problem, seed_from(key) + 1)
        claim(
            traces == before,
            solver,
            "a run with another seed and other hyperparameters traces nothing",
            f"{dict(traces - before)} traced again",
            "Static fields must compare equal; what may change from run to run is an array.",
        )


def _run(solver: AbstractSolver, problem: AbstractProblem, seed: int, **options: Any) -> Solution:
    with claimed(solver, f"it runs on {type(problem).__name__}", "See the error itself."):
        return solve(problem, solver, seed=seed, steps=STEPS, **options)


def _same_bits(solver: AbstractSolver, law: str, one: Solution, other: Solution) -> None:
    remedy = "Draw random numbers from the step's key, and keep nothing outside the state."
    claim(one.steps == other.steps, solver, law, (one.status, other.status), remedy)
    for part in ("unknowns", "series"):
        found = difference(getattr(one, part), getattr(other, part))
        claim(found is None, solver, f"{law}, bit for bit", f"{found} ({part})", remedy)
