"""The problem `more-garbow-hillstrom`: one of the classics, ready for any solver."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from plugax import AbstractLeastSquares, check_memory

from ._classic import Minimum
from ._table import CLASSICS

Function = Literal[
    "rosenbrock",
    "freudenstein-roth",
    "powell-badly-scaled",
    "brown-badly-scaled",
    "beale",
    "jennrich-sampson",
    "helical-valley",
    "bard",
    "gaussian",
    "meyer",
    "gulf",
    "box",
    "powell-singular",
    "wood",
    "kowalik-osborne",
    "brown-dennis",
    "osborne-1",
    "biggs-exp6",
    "osborne-2",
    "watson",
    "extended-rosenbrock",
    "extended-powell-singular",
    "penalty-1",
    "penalty-2",
    "variably-dimensioned",
    "trigonometric",
    "brown-almost-linear",
    "discrete-boundary-value",
    "discrete-integral-equation",
    "broyden-tridiagonal",
    "broyden-banded",
    "linear-full-rank",
    "linear-rank-1",
    "linear-rank-1-zeros",
    "chebyquad",
]


class MoreGarbowHillstrom(AbstractLeastSquares):
    """Minimise ½ Σᵢ fᵢ(x)² for one of the 35 functions of Moré, Garbow and Hillstrom.

    Solvers have been compared on them since 1981: curved valleys, bad scaling, singular Jacobians,
    large residuals, minima at infinity. The published minima are those of Σ fᵢ², twice the loss.

    Arguments:
        function: the name of the function.
        size: number of unknowns n, if it can be chosen; the usual number by default.
        equations: number of residuals m, if it can be chosen; the usual number by default.
        start_factor: factor by which the standard start is multiplied; 1, 10 and 100 are customary.
            If the standard start is zero, all unknowns start at the factor, unless it is 1.

    Errors: `ValueError` for an unknown function, and for numbers of unknowns or residuals that it
    cannot have.

    Source: Moré, Garbow and Hillstrom 1981, Testing unconstrained optimization software,
    doi 10.1145/355934.355936; the starts: Moré, Garbow and Hillstrom 1981, Algorithm 566,
    doi 10.1145/355934.355943.
    """

    precision: ClassVar[str | None] = "float64"
    figures_from: ClassVar = "plugax_classics._figures:figures_of"
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "levenberg-marquardt": {},
        "dogleg": {},
        "gauss-newton": {},
        "newton": {},
        "bfgs": {},
        "lbfgs": {},
        "nonlinear-cg": {},
        "nelder-mead": {},
    }

    start: Float[Array, " n"]
    function: str = eqx.field(static=True)
    equations: int = eqx.field(static=True)

    def __init__(
        self,
        function: Function = "rosenbrock",
        size: int | None = None,
        equations: int | None = None,
        start_factor: float = 1.0,
    ):
        if function not in CLASSICS:
            raise ValueError(f"function must be one of {', '.join(CLASSICS)}; got {function!r}.")
        classic = CLASSICS[function]
        size = classic.size if size is None else size
        equations = classic.equations(size) if equations is None else equations
        classic.check(size, equations)
        check_memory(8 * 4 * (size + equations), f"A problem of {size} unknowns")
        start = jnp.asarray(classic.start(size), float)
        if start_factor != 1 and not start.any():
            start = jnp.ones_like(start)
        self.start = start_factor * start
        self.function = function
        self.equations = equations

    def init(self, key: PRNGKeyArray) -> Float[Array, " n"]:  # noqa: ARG002 - always the same
        """The starting point."""
        return self.start

    def residuals(
        self,
        unknowns: Float[Array, " n"],
        batch: tuple[()],  # noqa: ARG002 - there are no data but those in f
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, " m"], dict[str, Array]]:
        """f(x)."""
        return CLASSICS[self.function].residuals(unknowns, self.equations), {}

    def evaluate(self, unknowns: Float[Array, " n"]) -> dict[str, Any]:
        """`sum_of_squares`, Σ fᵢ²; and `published_minimum`, its published minimum, if any."""
        residuals = CLASSICS[self.function].residuals(unknowns, self.equations)
        published = {"published_minimum": self.minima[0].value} if self.minima else {}
        return {"sum_of_squares": residuals @ residuals, **published}

    def reached(self, sum_of_squares: float) -> Minimum | None:
        """The known minimum that a run has reached, to four digits; None if it reached none.

        A minimum of zero is reached if the sum of squares is at most 10⁻¹⁰ times its value at the
        start, and at most 10⁻⁸.
        """
        residuals, _ = self.residuals(self.start, (), jr.key(0))
        smallest = min(1e-8, 1e-10 * float(residuals @ residuals))
        for minimum in self.minima:
            if abs(sum_of_squares - minimum.value) <= 1e-4 * minimum.value + smallest:
                return minimum
        return None

    def reference(self) -> Float[Array, " n"] | None:
        """The unknowns at the least of the published minima; None if they are not known."""
        if not self.minima or self.minima[0].at is None:
            return None
        return jnp.asarray(self.minima[0].at, self.start.dtype)

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The known minima of Σ fᵢ², the global one first."""
        return CLASSICS[self.function].minima(self.start.size, self.equations)
