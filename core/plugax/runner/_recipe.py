"""What a problem recommends for a solver."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..plugins import default_manager, factory_attribute, origin_of
from ..problems import AbstractProblem
from ._length import Length


def recipes_of(problem: AbstractProblem) -> Mapping[str, Mapping[str, Any]]:
    """The solvers recommended by a problem, or else by the factory that made it."""
    if problem.recipes:
        return problem.recipes
    return factory_attribute(problem, "recipes", default_manager(), "problem") or {}


def recipe_of(
    recipes: Mapping[str, Mapping[str, Any]], solver: str, chosen: Mapping[str, Any]
) -> tuple[dict[str, Any], Length]:
    """The options that a problem's recipe gives a solver, and the usual length of the run.

    A recipe is used as a whole. If the user replaces a component inside it, the rest was not meant
    for the new one (a tolerance for `sgd` says nothing about `adam`), and nothing of it applies.

    Arguments:
        recipes: all recipes of the problem.
        solver: the solver's name.
        chosen: the solver's options as the user gave them.
    """
    recipe = dict(recipes.get(solver.rpartition(":")[2], {}))
    for name, value in recipe.items():
        own, other = _component_name(value), _component_name(chosen.get(name))
        if own is not None and name in chosen and own != other:
            return {}, Length()
    fields = {field.name for field in dataclasses.fields(Length)}
    length = Length(**{name: recipe.pop(name) for name in fields & recipe.keys()})
    return recipe, length


def _component_name(value: Any) -> str | None:
    """The name of a component given as a name, a spec or an object; None for anything else."""
    if isinstance(value, str):
        return value.rpartition(":")[2]
    spec = value if isinstance(value, dict) else origin_of(value)
    return _component_name(spec["name"]) if spec else None
