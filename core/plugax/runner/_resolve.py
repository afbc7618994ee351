"""From what the user gave (names, objects, nothing) to a problem and a solver that fit."""

import inspect
from typing import Any

from .._errors import PlugaxError, PluginError, UnsuitableProblemError
from ..data import AbstractData
from ..plugins import build, default_manager, known_of, origin_of
from ..problems import AbstractProblem
from ..solvers import AbstractSolver
from ._length import Length, Plan
from ._recipe import recipe_of, recipes_of


def resolve(
    problem: Any, solver: Any, asked: Length, options: dict[str, Any]
) -> tuple[AbstractProblem, AbstractSolver, Plan]:
    """The problem, the solver, and the length of the run.

    Arguments:
        problem: a name or a problem.
        solver: a name, a solver, or None for the problem's first recipe.
        asked: the length; where it says nothing, what the problem's recipe for the solver says, or
            else the length of the data, or else the solver's default.
        options: the solver's options, which go before those of the recipe.

    Errors: those of `build` and of `Length.in_steps`; `UnsuitableProblemError` where the two do not
    fit.
    """
    problem = build("problem", problem, {})
    recipes = recipes_of(problem)
    if solver is None:
        if not recipes:
            raise PlugaxError(
                f"{type(problem).__name__} recommends no solver; give one. Those that fit: "
                f"{', '.join(fitting(problem))}."
            )
        solver = next(iter(recipes))
    by_name = isinstance(solver, str)
    name = solver if by_name else (origin_of(solver) or {}).get("name", "")
    chosen = options if by_name else (origin_of(solver) or {})
    recipe, usual = recipe_of(recipes, name, chosen)
    solver = build("solver", solver, recipe | options if by_name else options)
    if not problem.suits(solver.requires):
        name, kind = type(problem).__name__, solver.requires.__name__
        article = "an" if kind[0] in "AEIOU" else "a"
        why = f"needs {article} {kind}, which {name} is not."
        if isinstance(problem, solver.requires):
            why = f"takes any {kind}, and would leave out what {name} asks for besides."
        raise UnsuitableProblemError(
            f"{type(solver).__name__} {why} Solvers that fit: {', '.join(fitting(problem))}."
        )
    if not isinstance(problem.data, AbstractData):
        raise PlugaxError(
            f"{type(problem).__name__}.data must be an AbstractData; got "
            f"{type(problem.data).__name__}. Write it as a property: a dataclass field of that "
            "name takes the base class's property for its default."
        )
    plan = asked.or_else(usual).in_steps(solver.data(problem), solver.default_steps)
    return problem, solver, plan


def fitting(problem: AbstractProblem | type[AbstractProblem]) -> list[str]:
    """The names of all registered solvers that fit a problem."""
    kind = problem if inspect.isclass(problem) else type(problem)
    names = []
    for component in default_manager().components("solver"):
        try:
            target = component.load()
        except PluginError:
            continue
        if kind.suits(known_of(target, "requires", AbstractProblem)):
            names.append(component.name)
    return names
