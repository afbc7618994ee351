"""The problem and the change from which a variant was made."""

import weakref
from typing import Any, NamedTuple

from jaxtyping import PyTree

from ._constraint import AbstractConstraint
from ._problem import AbstractProblem


class Variation(NamedTuple):
    """One change of a problem.

    Attributes:
        problem: the problem before the change.
        constraint: u(z).
        start: the unknowns to start from; None for those of the problem.
    """

    problem: AbstractProblem
    constraint: AbstractConstraint
    start: PyTree | None


# By identity and outside the problems, which may be of any class, as for the specs of components.
_variations: dict[int, tuple[weakref.ref, Variation]] = {}


def remember_variation(made: AbstractProblem, variation: Variation) -> None:
    """Remember what a problem was made from, for as long as it lives."""
    if made is variation.problem:
        return
    key = id(made)
    _variations[key] = (weakref.ref(made, lambda _: _variations.pop(key, None)), variation)


def origin_and_variations(problem: Any) -> tuple[Any, list[Variation]]:
    """The original problem of a variant, and all changes to it, in their order.

    A problem that has been copied or changed by hand since is its own original.
    """
    found: list[Variation] = []
    while id(problem) in _variations:
        variation = _variations[id(problem)][1]
        found.insert(0, variation)
        problem = variation.problem
    return problem, found
