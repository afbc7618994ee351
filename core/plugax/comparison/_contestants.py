"""The solvers of a comparison, each with a label, all suitable for the problem."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from ..errors import PlugaxError
from ..plugins import origin_of
from ..problems import AbstractProblem
from ..runner.request._length import Length, Plan
from ..runner.request._option_paths import with_option
from ..runner.request._resolve import resolve
from ..solvers import AbstractSolver

Entry = str | AbstractSolver | tuple[str, Mapping[str, Any]] | Mapping[str, Any]
"""A solver as a name, an object, a name with options, or a spec."""
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Contestant:
    """One row of a comparison before it is run.

    Attributes:
        label: the label of the solver.
        value: the value of the option that is varied.
        solver: the solver.
        plan: the length of its run.
    """

    label: str
    value: Any
    solver: AbstractSolver
    plan: Plan


def contestant_of(
    problem: AbstractProblem, label: str, entry: Entry, asked: Length, over: str | None, value: Any
) -> Contestant:
    """The solver of an entry, suitable for the problem, and the length of its run."""
    solver, options = _name_and_options(entry)
    if over is not None and isinstance(solver, str):
        options |= {over: value}
    elif over is not None:
        if origin_of(solver) is None:
            raise PlugaxError(
                f"{label} was made by hand, so it cannot be made again with {over}={value!r}; give "
                "it by name, or give a mapping from labels to objects, one for every value."
            )
        solver = with_option(solver, "solver", over.split("."), value)
    _, solver, plan = resolve(problem, solver, asked, options)
    return Contestant(label, value, solver, plan)


def label_entries(solvers: Iterable[Entry] | Mapping[str, Entry]) -> list[tuple[str, Entry]]:
    """The entries with their labels, which are all different."""
    if isinstance(solvers, Mapping):
        entries = {str(label): entry for label, entry in solvers.items()}
    else:
        alone = [solvers] if isinstance(solvers, str) else solvers
        entries = with_different_labels((_label(entry), entry) for entry in alone)
    if not entries:
        raise PlugaxError(
            "There is nothing to compare; give, for example, solvers=['gradient', 'bfgs']."
        )
    return list(entries.items())


def with_different_labels(entries: Iterable[tuple[str, T]]) -> dict[str, T]:
    """The entries by label; one whose label is taken gets a number, as in `adam #2`."""
    found: dict[str, T] = {}
    for label, entry in entries:
        unique, count = label, 2
        while unique in found:
            unique, count = f"{label} #{count}", count + 1
        found[unique] = entry
    return found


def _label(entry: Entry) -> str:
    solver, options = _name_and_options(entry)
    if not isinstance(solver, str):
        spec = origin_of(solver) or {"name": type(solver).__name__}
        solver, options = spec["name"], {k: v for k, v in spec.items() if k != "name"}
    plain = {k: v for k, v in options.items() if isinstance(v, bool | int | float | str)}
    inside = ", ".join(f"{key}={value}" for key, value in plain.items())
    return f"{solver}({inside})" if inside else solver


def _name_and_options(entry: Entry) -> tuple[str | AbstractSolver, dict[str, Any]]:
    if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], Mapping):
        return entry[0], dict(entry[1])
    if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
        return entry["name"], {key: value for key, value in entry.items() if key != "name"}
    if isinstance(entry, str | AbstractSolver):
        return entry, {}
    raise PlugaxError(
        "A solver to be compared is a name, an object, a name with options such as ('gradient', "
        f"{{'tolerance': 1e-3}}), or a spec with a name; got {entry!r}."
    )


def option_of(over: Mapping[str, Iterable[Any]] | None) -> tuple[str | None, list[Any]]:
    """The option that a comparison varies, and its values; `(None, [None])` for no option."""
    if over is None:
        return None, [None]
    if len(over) != 1:
        raise PlugaxError(f"A comparison varies one option; got {list(over)}.")
    name, values = next((name, list(values)) for name, values in over.items())
    if not values:
        raise PlugaxError(f"over={{{name!r}: …}} must have one value or more; it has none.")
    return name, values


def check_seeds(seeds: Iterable[int]) -> tuple[int, ...]:
    """Seeds as plain numbers; `PlugaxError` if they are invalid or not all different."""
    found = tuple(seeds)
    whole = all(isinstance(s, int | np.integer) and not isinstance(s, bool) for s in found)
    if not found or not whole or min(found) < 0 or len(set(found)) < len(found):
        raise PlugaxError(
            f"Seeds must be different whole numbers, at least 0, one or more; got {list(found)}."
        )
    return tuple(map(int, found))
