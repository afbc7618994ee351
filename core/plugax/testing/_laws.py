"""What the kit knows of a kind of problem, whoever brings the kind."""

import dataclasses
import functools
import importlib
from collections.abc import Callable
from typing import Any

from jaxtyping import PRNGKeyArray

from ..problems import AbstractProblem
from ..solution import Solution
from ..solvers import AbstractSolver

Check = Callable[..., None]
OfARun = Callable[[AbstractSolver, Any, Solution, PRNGKeyArray], None]
"""Raises `AssertionError` unless a run of the solver on the problem was as it should be."""


@dataclasses.dataclass(frozen=True)
class Laws:
    """What holds of a kind of problem, and of solvers that require it.

    The kind's class names it, as a lazy target: `laws = "my_plugin.laws:ORBITS"`. What it leaves
    out is as for the kinds that the class refines.

    Attributes:
        reference: makes an easy problem of the kind, with a known answer; the solvers that require
            the kind are tried on it.
        checks: of problems, `check(problem, key)`.
        solver_checks: of solvers that require the kind, `check(solver, key, problem)`.
        details: tests of a problem that give figures, by name, for `plugax check`:
            `details(problem, key)`, each called without arguments.
        solves: whether a run of a solver's usual length did its work; by default the loss fell to
            near the reference's.
        begins: whether the history of a run begins as it should; by default with the loss of the
            start.
    """

    reference: Callable[[], AbstractProblem] | None = None
    checks: tuple[Check, ...] = ()
    solver_checks: tuple[Check, ...] = ()
    details: Callable[[Any, PRNGKeyArray], dict[str, Callable[[], Any]]] | None = None
    solves: OfARun | None = None
    begins: OfARun | None = None


def laws_of(kind: type) -> list[Laws]:
    """The laws of a class of problems: those of the kinds it refines first, its own last."""
    named = [vars(base)["laws"] for base in reversed(kind.__mro__) if "laws" in vars(base)]
    return [_loaded(name) for name in named if isinstance(name, str)]


def own_laws(kind: type) -> Laws | None:
    """The laws that a class names itself."""
    name = vars(kind).get("laws")
    return _loaded(name) if isinstance(name, str) else None


def last_of(problem: AbstractProblem, attribute: str) -> Any:
    """What the most refined kind of a problem says, of those that say anything."""
    said = [getattr(laws, attribute) for laws in laws_of(type(problem))]
    return next(one for one in reversed(said) if one is not None)


@functools.cache
def _loaded(name: str) -> Laws:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)
