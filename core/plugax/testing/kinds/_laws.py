"""The laws of a kind of problem, in core or in any plugin, as the kit uses them."""

import dataclasses
from collections.abc import Callable
from typing import Any

from jaxtyping import PRNGKeyArray

from ..._lazy import load_target
from ...problems import AbstractProblem
from ...solution import Solution
from ...solvers import AbstractSolver

Check = Callable[..., None]
OfARun = Callable[[AbstractSolver, Any, Solution, PRNGKeyArray], None]
"""Raises `AssertionError` if a run of the solver on the problem breaks a law."""


@dataclasses.dataclass(frozen=True)
class Laws:
    """The laws of a kind of problem, and of solvers that require it.

    The class of the kind names its laws as a lazy target: `laws = "my_plugin.laws:ORBITS"`.
    Attributes that are left out are those of the base classes.

    Attributes:
        reference: a function that makes an easy problem of the kind with a known answer, on which
            solvers that require the kind are tested.
        checks: checks of problems, `check(problem, key)`.
        solver_checks: checks of solvers that require the kind, `check(solver, key, problem)`.
        details: a function `details(problem, key)` for `plugax check`, which gives tests by name;
            each is called without arguments and returns its figures.
        solves: raises unless a run of the solver's default length solved the problem; by default,
            unless the loss fell to nearly that of the reference.
        begins: raises unless the history of a run begins correctly; by default, with the loss of
            the start.
    """

    reference: Callable[[], AbstractProblem] | None = None
    checks: tuple[Check, ...] = ()
    solver_checks: tuple[Check, ...] = ()
    details: Callable[[Any, PRNGKeyArray], dict[str, Callable[[], Any]]] | None = None
    solves: OfARun | None = None
    begins: OfARun | None = None


def laws_of(kind: type) -> list[Laws]:
    """The laws of a class of problems: those of its base classes first, its own last."""
    named = [vars(base)["laws"] for base in reversed(kind.__mro__) if "laws" in vars(base)]
    return [load_target(name) for name in named if isinstance(name, str)]


def own_laws(kind: type) -> Laws | None:
    """The laws that a class itself names, without those of its base classes."""
    name = vars(kind).get("laws")
    return load_target(name) if isinstance(name, str) else None


def last_of(problem: AbstractProblem, attribute: str) -> Any:
    """An attribute of the laws of a problem, from the most derived class that has it."""
    said = [getattr(laws, attribute) for laws in laws_of(type(problem))]
    return next(one for one in reversed(said) if one is not None)
