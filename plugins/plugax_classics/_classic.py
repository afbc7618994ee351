"""A classic test problem: residuals, a standard start, and the published minima.

    minimise Σᵢ fᵢ(x)²,   f: Rⁿ → Rᵐ

The published minima are those of this sum; the loss of a least-squares problem is half of it here.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jaxtyping import Array, Float

Residuals = Callable[[Float[Array, " n"], int], Float[Array, " m"]]


class Minimum(NamedTuple):
    """A known minimum.

    The minima are those of the paper, and local ones from the tests of Kappel and Kuntsevich 2000,
    An implementation of Shor's r-algorithm, Computational Optimization and Applications 15,
    193–205.

    Attributes:
        value: the sum of squares there, with the six digits that were published.
        at: the unknowns there; None if they are not known, or some of them are infinite.
    """

    value: float
    at: Sequence[float] | None = None


@dataclasses.dataclass(frozen=True)
class Classic:
    """One test problem, or a family of them in which n, and perhaps m, can be chosen.

    Attributes:
        number: its number in the collection.
        residuals: f, called with the n unknowns and m.
        start: the standard starting point for n unknowns.
        minima: the published minima for n and m, the global minimum first; may be empty.
        size: the usual n.
        equations: the usual m for n unknowns.
        least_size: the smallest n.
        most_size: the largest n.
        multiple: n is a multiple of it.
        most_equations: the largest m; None if m follows from n.
    """

    number: int
    residuals: Residuals
    start: Callable[[int], Sequence[float]]
    minima: Callable[[int, int], tuple[Minimum, ...]]
    size: int
    equations: Callable[[int], int]
    least_size: int
    most_size: int | float
    multiple: int = 1
    most_equations: int | float | None = None

    def check(self, size: int, equations: int) -> None:
        """Raise `ValueError` if n or m is not possible."""
        inside = self.least_size <= size <= self.most_size and size % self.multiple == 0
        if not inside:
            raise ValueError(f"size must be {self._sizes()} for this function; got {size}.")
        if self.most_equations is None and equations != self.equations(size):
            raise ValueError(
                f"equations cannot be chosen for this function: with {size} unknowns it has "
                f"{self.equations(size)}; got {equations}."
            )
        if self.most_equations is not None and not size <= equations <= self.most_equations:
            most = "" if math.isinf(self.most_equations) else f" and at most {self.most_equations}"
            raise ValueError(
                f"equations must be at least the number of unknowns, {size}{most}; got {equations}."
            )

    def _sizes(self) -> str:
        if self.least_size == self.most_size:
            return str(self.least_size)
        most = "" if math.isinf(self.most_size) else f" to {self.most_size}"
        multiple = "" if self.multiple == 1 else f", a multiple of {self.multiple}"
        return f"{self.least_size}{most or ' or more'}{multiple}"


def fixed(
    number: int,
    residuals: Residuals,
    *,
    start: Sequence[float],
    equations: int,
    minima: tuple[Minimum, ...] | Callable[[int, int], tuple[Minimum, ...]],
    most_equations: int | float | None = None,
) -> Classic:
    """A problem whose n is fixed; its minima may depend on m."""
    size = len(start)
    return Classic(
        number=number,
        residuals=residuals,
        start=lambda n: start,  # noqa: ARG005 - there is only one n
        minima=minima if callable(minima) else lambda n, m: minima,  # noqa: ARG005 - there is only one n
        size=size,
        equations=lambda n: equations,  # noqa: ARG005 - there is only one n
        least_size=size,
        most_size=size,
        most_equations=most_equations,
    )
