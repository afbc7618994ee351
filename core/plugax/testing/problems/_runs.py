"""Checks of a problem in short runs of the kit's own solver."""

import tempfile
from typing import Any

import jax.random as jr
from jaxtyping import PRNGKeyArray

from ...errors import PlugaxError, UnsuitableProblemError
from ...plugins import build
from ...problems import AbstractProblem
from ...runner import Length, load, recipe_of, resolve, solve
from ...runner.loop._program import traces
from ...solution import Solution, Table
from ..claims._claim import claim, claimed
from ..claims._compare import difference
from ..claims._precision import cast, native
from ..kinds._references import descent_for
from ..others._module import make_again
from ._figures import check_figure

STEPS = 2


def seed_from(key: PRNGKeyArray) -> int:
    """A seed for `solve`, from a key."""
    return int(jr.randint(key, (), 0, 2**30))


def check_problem_traces_once(
    problem: AbstractProblem, key: PRNGKeyArray, again: AbstractProblem | None = None
) -> None:
    """A second run with the same shapes traces nothing, and thus compiles nothing.

    Arguments:
        problem: the problem.
        key: the random key for the seeds.
        again: another problem made in the same way; by default made by name, if `problem` was.
    """
    again = make_again(problem) if again is None else again
    with native(problem) as bits:
        seeds = [seed_from(k) for k in jr.split(key)]
        problem, again = cast(problem, bits), cast(again, bits)
        _short_run(problem, seeds[0])
        for what, other in (("with another seed", problem), ("of a problem made again", again)):
            if other is None:
                continue
            before = traces.copy()
            _short_run(other, seeds[1])
            claim(
                traces == before,
                problem,
                f"a second run, {what}, traces nothing",
                f"{dict(traces - before)} traced again",
                "Shapes and structure must not depend on seed or key, and static fields must be "
                "equal for equal options.",
            )


def check_saves_and_loads(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """A solution that is saved and loaded is the same to the bit, and has the same tables.

    Arguments:
        problem: the problem.
        key: the random key for the seed.
    """
    law = "its solution can be saved and loaded"
    remedy = "Metrics must be arrays, numbers, strings or lists of strings; unknowns, arrays."
    with native(problem) as bits, tempfile.TemporaryDirectory() as directory:
        problem = cast(problem, bits)
        saved = _short_run(problem, seed_from(key))
        with claimed(problem, law, remedy):
            saved.save(directory)
            loaded = load(directory, problem=problem, solver=descent_for(problem))
        for part in ("unknowns", "state", "series"):
            found = difference(getattr(saved, part), getattr(loaded, part))
            claim(found is None, problem, f"{law}: the {part} are the same", found, remedy)
        for part in ("metrics", "status", "steps"):
            was, now = getattr(saved, part), getattr(loaded, part)
            claim(_same(was, now), problem, f"{law}: the {part} are the same", (was, now), remedy)
        with claimed(problem, "tables can be made of a solution, saved or not", remedy):
            was, now = problem.tables(saved), problem.tables(loaded)
        law = "tables returns a tuple of px.Table"
        made = isinstance(was, tuple) and all(isinstance(table, Table) for table in was)
        claim(made, problem, law, was, "Return (Table(...),), or () for none.")
        law, remedy = "tables show metrics there are", "Name the metrics that the table holds."
        for table in was:
            unknown = sorted(set(table.metrics) - saved.metrics.keys())
            claim(not unknown, problem, law, unknown, remedy)
        law, remedy = "tables of a loaded solution are the same", "Make them of its metrics."
        claim(_same(_columns(was), _columns(now)), problem, law, (was, now), remedy)


def check_figures(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """`figures` returns Matplotlib figures and animations with labelled axes, without pyplot.

    Checked for solutions by the kit's own solver and, if possible, by the first recipe.

    Arguments:
        problem: the problem.
        key: the random key for the seed.
    """
    with native(problem) as bits:
        problem = cast(problem, bits)
        for solution in _solutions(problem, seed_from(key)):
            law = f"figures can be made of a solution by {type(solution.solver).__name__}"
            with claimed(problem, law, "Leave out what a solution has no history or metrics for."):
                figures = solution.figures()
            law = "figures returns a dictionary by name"
            named = isinstance(figures, dict) and all(isinstance(name, str) for name in figures)
            claim(named, problem, law, figures, "Return {name: figure}, or {} for none.")
            for name, figure in figures.items():
                check_figure(problem, name, figure)


def check_recipes(problem: AbstractProblem, key: PRNGKeyArray | None = None) -> None:
    """Every recipe names a registered solver of the problem's kind, with options it has.

    The solver may need more than this problem has with the options it was made with, such as an
    error of the model.

    Arguments:
        problem: the problem.
        key: not used.
    """
    del key
    for name, recipe in problem.recipes.items():
        law = f"its recipe for the solver {name!r} can be used"
        steps = recipe.get("steps", 1)
        claim(
            isinstance(steps, int) and not isinstance(steps, bool) and steps > 0,
            problem,
            law,
            f"steps = {steps!r}",
            "Give a whole number of steps, from 1 on.",
        )
        with native(problem), claimed(problem, law, "Correct it in `recipes`."):
            try:
                resolve(problem, name, Length(), {})
            except UnsuitableProblemError:
                options, _ = recipe_of(problem.recipes, name, {})
                if not problem.suits(build("solver", name, options).requires):
                    raise


def _short_run(problem: AbstractProblem, seed: int) -> Solution:
    law = "a few steps of gradient descent can be run"
    with claimed(problem, law, "Do the checks of loss and init pass?"):
        solution = solve(problem, descent_for(problem), seed=seed, steps=STEPS)
    claim(solution.status.name == "completed", problem, law, solution.status, "Is the loss finite?")
    return solution


def _solutions(problem: AbstractProblem, seed: int) -> list[Solution]:
    solutions = [_short_run(problem, seed)]
    if problem.recipes:
        try:
            fitting, solver, _ = resolve(problem, None, Length(STEPS), {})
        except PlugaxError:
            return solutions  # `check_recipes` reports what is wrong with the recipe
        solutions.append(solve(fitting, solver, seed=seed, steps=STEPS))
    return solutions


def _columns(tables: tuple[Table, ...]) -> list[Any]:
    return [[[head, list(column)] for head, column in table.columns.items()] for table in tables]


def _same(was: Any, now: Any) -> bool:
    """Whether two values are equal, if NaN is saved as null in JSON."""
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(_same(was[k], now[k]) for k in was)
    if isinstance(was, list | tuple) and isinstance(now, list | tuple):
        return len(was) == len(now) and all(map(_same, was, now))
    return was == now or (isinstance(was, float) and was - was != 0 and now is None)
