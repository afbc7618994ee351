"""From what the user gave (names, objects, nothing) to a problem and a suitable solver."""

from collections.abc import Mapping
from typing import Any

from ...data import AbstractData
from ...errors import PlugaxError, PluginError, UnsuitableProblemError
from ...plugins import Component, build, default_manager, in_words, known_of, origin_of
from ...problems import AbstractProblem
from ...solvers import AbstractSolver
from ._length import Length, Plan
from ._recipe import recipe_of, recipe_with_parts, recipes_of


def resolve(
    problem: Any, solver: Any, asked: Length, options: dict[str, Any]
) -> tuple[AbstractProblem, AbstractSolver, Plan]:
    """The problem, the solver, and the length of the run.

    Arguments:
        problem: a name or a problem.
        solver: a name, a solver, or None for the problem's first recipe.
        asked: the length that the user asks for; by default that of the problem's recipe for the
            solver, or else the length of the data, or else the solver's default.
        options: the solver's options, which take precedence over those of the recipe.

    Errors: those of `build` and of `Length.in_steps`; `UnsuitableProblemError` if the solver cannot
    solve the problem.
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
    name = solver if isinstance(solver, str) else (origin_of(solver) or {}).get("name", "")
    if isinstance(solver, str):
        recipe, parts, usual = recipe_with_parts(recipes, solver, options)
        solver, options = in_words(solver)[0], recipe | options | parts
    else:
        _, usual = recipe_of(recipes, name, origin_of(solver) or {})
    solver = build("solver", solver, options)
    if not isinstance(problem.data, AbstractData):
        raise PlugaxError(
            f"{type(problem).__name__}.data must be an AbstractData; got "
            f"{type(problem.data).__name__}. Write it as a property: a dataclass field of that "
            "name takes the base class's property for its default."
        )
    check_suitable(problem, solver, name)
    plan = asked.or_else(usual).in_steps(solver.data(problem), solver.usual_steps(problem))
    return problem, solver, plan


def check_suitable(problem: AbstractProblem, solver: AbstractSolver, name: str = "") -> None:
    """Raise `UnsuitableProblemError` if the solver cannot solve the problem."""
    why = solver.unsuitable(problem)
    if why is not None:
        called = name or type(solver).__name__
        raise UnsuitableProblemError(
            f"{called} {why} Solvers that fit: {', '.join(fitting(problem))}."
        )


def fitting(problem: AbstractProblem | type[AbstractProblem]) -> list[str]:
    """The names of all registered solvers that fit a problem with the options it recommends.

    Of a class only the kind is asked.
    """
    recipes = {} if isinstance(problem, type) else recipes_of(problem)
    return [
        component.name
        for component in default_manager().components("solver")
        if _fits(component, problem, recipes)
    ]


def _fits(
    component: Component,
    problem: AbstractProblem | type[AbstractProblem],
    recipes: Mapping[str, Any],
) -> bool:
    try:
        target = component.load()
        if not problem.suits(known_of(target, "requires", AbstractProblem)):
            return False
        if isinstance(problem, type):
            return True
        recipe, parts, _ = recipe_with_parts(recipes, component.name, {})
        name = f"{component.plugin}:{component.name}"
        return build("solver", name, recipe | parts).unsuitable(problem) is None
    except PluginError:
        return False
    except PlugaxError:
        return True  # it needs options, which may make it fit
