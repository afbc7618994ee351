"""An example of every component, made from the registry: a run, as tables of a configuration.

A problem is solved by what it recommends; a solver solves the simplest problem that recommends it;
an optimizer, an integrator or an observer is used in the simplest run that takes one. The options
shown have the values that they have anyway. A component for which this does not do may have an
attribute `example`: the other tables, as in `{"problem": {"name": "mine", "noise": 0.1}}`, or a
line of Python.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from ..errors import PlugaxError
from ..plugins import (
    Component,
    Option,
    class_made_by,
    component_kind,
    default_manager,
    known_of,
    options_of,
    preset_values,
)
from ._component import ResolvedComponent, choose
from ._example_text import (
    DOUBLE,
    IMPORT,
    Example,
    Tables,
    command_of,
    integration,
    python_of,
)
from ._values import choices_of, placeholder, types_of

MOST_OPTIONS = 2


def example_of(component: Component) -> Example | None:
    """An example of a component; None if it fits no registered problem."""
    written = known_of(component.load(), "example")
    if isinstance(written, str):
        return Example(None, (IMPORT, written))
    own = {component.kind: {"name": _name(component)}}
    tables = _tables(component, own) if written is None else _merged(own, written)
    try:
        if tables is not None:
            return _run(component, tables)
    except PlugaxError:
        return None  # an option that only Python can give
    return integration(component) if component.kind == "integrator" else None


def _merged(own: Tables, written: Mapping[str, Any]) -> Tables:
    return {kind: own.get(kind, {}) | written.get(kind, {}) for kind in (*written, *own)}


def _tables(component: Component, own: Tables) -> Tables | None:
    """A run that uses the component; None if there is none."""
    if component.kind == "problem":
        return own | _solver_for(component)
    if component.kind in ("optimizer", "integrator"):
        return _with_part(component)
    problem = _problem_for(component if component.kind == "solver" else None)
    return problem and {"problem": {"name": _name(problem)}} | own


def _with_part(part: Component) -> Tables | None:
    """A run in which a problem or a solver holds an optimizer or an integrator."""
    if known_of(part.load(), "discrete"):  # no registered problem has a model in discrete time
        return None
    for kind in ("problem", "solver"):
        for holder in sorted(default_manager().components(kind), key=_size):
            option = _place_for(part, holder)
            problem = holder if kind == "problem" else option and _problem_for(holder)
            if option and problem and not _needs_values(holder):
                table = {"name": _name(holder), option: {"name": _name(part)}}
                return {"problem": {"name": _name(problem)}} | {kind: table}
    return None


def _place_for(part: Component, holder: Component) -> str | None:
    """The option of another component that takes this one."""
    made = class_made_by(part.load())
    for option in options_of(holder.load()):
        takes = tuple(kind for kind in option.types if inspect.isclass(kind))
        if component_kind(option.types) == part.kind and (made is None or issubclass(made, takes)):
            return option.name
    return None


def _problem_for(solver: Component | None) -> Component | None:
    """The simplest problem for a solver, if possible one that recommends it.

    Data that come in epochs may have to be fetched; such a problem is the last choice. Of the
    others the quickest is taken.
    """
    from ..problems import AbstractProblem

    requires = solver and known_of(solver.load(), "requires")
    ranks = {}
    for problem in default_manager().components("problem"):
        made = class_made_by(problem.load())
        if made is None or _needs_values(problem):
            continue
        if made.suits(requires or AbstractProblem):
            recipes = known_of(problem.load(), "recipes", {})
            fetched = any("epochs" in recipe for recipe in recipes.values())
            recommends = solver.name in recipes if solver else bool(recipes)
            precise = known_of(problem.load(), "precision") is not None
            steps = max((recipe.get("steps", 0) for recipe in recipes.values()), default=0)
            ranks[problem] = (fetched, not recommends, precise, steps, _size(problem))
    return min(ranks, key=lambda problem: ranks[problem], default=None)


def _solver_for(problem: Component) -> Tables:
    """No solver if the problem recommends one, else the first that fits."""
    if known_of(problem.load(), "recipes"):
        return {}
    from ..runner import fitting

    made = class_made_by(problem.load())
    fits = fitting(made) if made is not None else []
    return {"solver": {"name": fits[0]}} if fits else {}


def _run(component: Component, tables: Tables) -> Example:
    """The run of these tables, with some options of the component if it has none there."""
    from ._request import choose_solver

    def no_flag(path: tuple[str, ...], kind: str) -> None:  # noqa: ARG001 - as of `Peek`
        return None

    problem = choose("problem", tables["problem"]["name"], [tables["problem"]], no_flag)
    roots = [problem]
    solver = tables.get("solver", {"name": next(iter(problem.known("recipes", {})), None)})
    if solver["name"] is not None:
        roots.append(choose_solver(problem, solver["name"], solver, no_flag))
    if "observer" in tables:
        roots.append(choose("observer", tables["observer"]["name"], [], no_flag))
    parts = [part for root in roots for part in root.walk()]
    words = []
    for part in parts:
        table: Any = tables
        for step in part.path:
            table = table.get(step) if isinstance(table, dict) else None
        if not isinstance(table, dict):  # made by its name alone
            continue
        missing = [o for o in part.options.values() if o.required and o.name not in table]
        more = {option.name: _stand_in(option) for option in missing}
        words += [value for value in more.values() if value.isupper()]
        if _described(part, component) and table.keys() == {"name"}:
            more |= _some_options(part)
        table |= more
    first = DOUBLE if problem.known("precision") == "float64" else IMPORT
    return Example(command_of(tables, roots), (first, python_of(tables, parts)), tuple(words))


def _described(part: ResolvedComponent, component: Component) -> bool:
    return (part.component.kind, part.component.target) == (component.kind, component.target)


def _some_options(part: ResolvedComponent) -> dict[str, Any]:
    """Some numbers and choices among a component's options, with their values."""
    _, preset = preset_values(part.target, part.given.get("preset"))
    values = {option.name: option.default for option in part.options.values()} | preset
    values |= part.given
    names = [option.name for option in part.options.values() if _is_plain(option, values)]
    return {name: values[name] for name in names[:MOST_OPTIONS]}


def _is_plain(option: Option, values: dict[str, Any]) -> bool:
    value = values[option.name]
    number = isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0
    return number or (isinstance(value, str) and choices_of(option) is not None)


def _stand_in(option: Option) -> str:
    """What stands for the value of an option that has no default.

    Errors: `PlugaxError` if it can be given from Python only.
    """
    if choices := choices_of(option):
        return choices[0]
    kind = component_kind(option.types)
    if kind is not None:
        return default_manager().components(kind)[0].name
    if not types_of(option):
        raise PlugaxError(f"{option.name} can be given from Python only.")
    return placeholder(option).split("|")[0]


def _needs_values(component: Component) -> bool:
    return any(option.required for option in options_of(component.load()))


def _size(component: Component) -> int:
    return len(options_of(component.load()))


def _name(component: Component) -> str:
    """The name, with the plugin's if two plugins use the same."""
    known = default_manager().components(component.kind)
    alone = [c.name for c in known].count(component.name) == 1
    return component.name if alone else f"{component.plugin}:{component.name}"
