"""What a problem in other variables, or from another start, was made from."""

import weakref
from typing import Any, NamedTuple

from jaxtyping import PyTree

from ._constraint import AbstractConstraint
from ._problem import AbstractProblem


class Variation(NamedTuple):
    """One change of a problem.

    Attributes:
        problem: as it was.
        constraint: u(z).
        start: the unknowns to start from; None for those of the problem.
    """

    problem: AbstractProblem
    constraint: AbstractConstraint
    start: PyTree | None


# By identity, and beside the problems, which may be of any kind: as with the specs of components.
_variations: dict[int, tuple[weakref.ref, Variation]] = {}


def remember_variation(made: AbstractProblem, variation: Variation) -> None:
    """Keep what a problem was made from for as long as it lives."""
    if made is variation.problem:
        return
    key = id(made)
    _variations[key] = (weakref.ref(made, lambda _: _variations.pop(key, None)), variation)


def origin_and_variations(problem: Any) -> tuple[Any, list[Variation]]:
    """The problem that a variant was made from in the end, and all changes, the first one first.

    A problem that was copied or changed by hand since is its own origin.
    """
    found: list[Variation] = []
    while id(problem) in _variations:
        variation = _variations[id(problem)][1]
        found.insert(0, variation)
        problem = variation.problem
    return problem, found
