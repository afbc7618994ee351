"""`solve`: one run of one solver on one problem."""

import os
from collections.abc import Iterable
from typing import Any

from ..observers import AbstractObserver
from ..problems import AbstractProblem
from ..solution import Solution, claim
from ..solvers import AbstractSolver
from ._length import EvaluateEvery, Length
from ._resolve import resolve
from ._run import run


def solve(
    problem: AbstractProblem | str,
    solver: AbstractSolver | str | None = None,
    *,
    seed: int = 0,
    steps: int | None = None,
    epochs: int | float | None = None,
    evaluate_every: EvaluateEvery | None = None,
    chunk: int | None = None,
    device: str | None = None,
    observers: Iterable[AbstractObserver | str] = (),
    out: str | os.PathLike | None = None,
    force: bool = False,
    throw: bool = False,
    **options: Any,
) -> Solution:
    """Solve a problem.

    Arguments:
        problem: a problem, or the name of one.
        solver: a solver, the name of one, or None for the one that the problem recommends.
        seed: of the starting point, the order of the data and the solver's own draws. Two runs with
            one seed are equal bit for bit, in whatever chunks they run.
        steps: at most so many; by default what the problem recommends for this solver, or the
            length of its data, or the solver's own default.
        epochs: the same in passes over the data, where they come in epochs.
        evaluate_every: how often `problem.evaluate` is called on the way, besides the end: a number
            of steps, `"epoch"` or `"never"`; by default what the problem recommends, or never.
        chunk: steps between two looks at the run; by default about a second's worth.
        device: `"cpu"`, `"gpu"`, `"tpu"`, with an index (`"gpu:1"`) where there are several.
        observers: told about progress between chunks; may end the run.
        out: a directory for the solution, and for the state while the run goes on.
        force: take the place of another run that is saved in `out`; without it that is an error.
        throw: raise `RunFailedError` where the status is not a success.
        options: of a solver given by name.

    Returns:
        the solution. A run that diverges, does not converge or is interrupted returns one too, with
        a status that says so, and the last good unknowns.

    Errors: `PlugaxError` and its kinds for a wrong call; what a problem or solver raises itself.
    """
    asked = Length(steps, epochs, evaluate_every)
    if out is not None:
        out = claim(out, force=force)
    problem, solver, plan = resolve(problem, solver, asked, options)
    return run(
        problem,
        solver,
        None,
        seed=seed,
        plan=plan,
        chunk=chunk,
        device=device,
        observers=observers,
        out=out,
        throw=throw,
    )
