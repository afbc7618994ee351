"""What a problem recommends for a solver."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...plugins import (
    component_kind,
    default_manager,
    factory_attribute,
    in_words,
    options_of,
    origin_of,
)
from ...problems import AbstractProblem
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


def recipe_with_parts(
    recipes: Mapping[str, Mapping[str, Any]], text: str, chosen: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], Length]:
    """The recipe of a solver given by name, those of the solvers inside it, and the usual length.

    The first of "gradient then lbfgs" has the options that the problem recommends for `gradient`.
    The length there is for an option of the outer solver, if it has such an option: `first_steps`
    or `first_epochs`.

    Arguments:
        recipes: all recipes of the problem.
        text: the solver's name, or several in words.
        chosen: the solver's options as the user gave them.

    Returns:
        options of the recipe, over which those of the user take precedence; the solvers inside,
        each as a spec with the options of its recipe and those of the user; and the length.

    Errors: those of `in_words`; `UnknownNameError` if there is no such solver.
    """
    name, words = in_words(text)
    chosen = words | dict(chosen)
    recipe, usual = recipe_of(recipes, " ".join(text.split()), chosen)
    options = {o.name: o for o in options_of(default_manager().find("solver", name).load())}
    given, parts = recipe | chosen, {}
    for option in options.values():
        held = given.get(option.name, option.default)
        if component_kind(option.types) != "solver" or not isinstance(held, str | dict):
            continue
        own = {"name": held} if isinstance(held, str) else dict(held)
        inner = str(own.pop("name", ""))
        of_recipe, of_parts, length = recipe_with_parts(recipes, inner, own)
        parts[option.name] = {"name": in_words(inner)[0], **of_recipe, **own, **of_parts}
        lengths = {f"{option.name}_steps": length.steps, f"{option.name}_epochs": length.epochs}
        if not lengths.keys() & given.keys():
            recipe |= {n: v for n, v in lengths.items() if n in options and v is not None}
        every = length.evaluate_every if usual.evaluate_every is None else usual.evaluate_every
        usual = dataclasses.replace(usual, evaluate_every=every)
    return recipe, words | parts, usual


def _component_name(value: Any) -> str | None:
    """The name of a component given as a name, a spec or an object; None for anything else."""
    if isinstance(value, str):
        return value.rpartition(":")[2]
    spec = value if isinstance(value, dict) else origin_of(value)
    return _component_name(spec["name"]) if spec else None
