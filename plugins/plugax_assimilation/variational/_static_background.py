"""The shared part of analyses of one observation time with constant background errors.

    x_a = x_b + B^½ v,  v minimises ½‖v‖² + ½‖R^{-½} (y − H(x_a))‖²

A method defines x_b and B.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from plugax_state_space import AbstractCovariance, AbstractStateSpace, Cycle

from .._background import check_count, positive
from .._options import check_choice
from .._rows import Row, misfit_row
from .._single_state import AbstractSingleState
from ..scores._state_metrics import KeepMean
from ._gauss_newton import all_at_once, gauss_newton
from ._inner import INNER_SOLVERS, InnerSolver, inner_solver


class AbstractStaticBackground(AbstractSingleState):
    """A method with constant background errors; one step is one cycle.

    Law: with linear H the analysis is x_b + K (y − H x_b), K = B Hᵀ (H B Hᵀ + R)⁻¹.

    Arguments:
        outer: Gauss–Newton iterations; one is enough if H is linear.
        inner: conjugate-gradient steps in a Gauss–Newton iteration, at most.
        rtol: conjugate-gradient steps end when the norm of the residual has fallen to this part
            of the norm of the first gradient.
        inner_solver: "direct" solves with a matrix of the state's size, "conjugate-gradients" needs
            few vectors; "auto" uses "direct" for small states.
        keep: whether the analysis is stored in the history.
    """

    outer: int = eqx.field(static=True, default=3)
    inner: int = eqx.field(static=True, default=100)
    rtol: Float[Array, ""] = eqx.field(converter=positive, default=1e-3)
    inner_solver: InnerSolver = eqx.field(static=True, default="auto")
    keep: KeepMean = eqx.field(static=True, default="mean")

    def __check_init__(self):
        check_count("outer", self.outer)
        check_count("inner", self.inner)
        check_choice("inner_solver", self.inner_solver, INNER_SOLVERS)

    @abc.abstractmethod
    def background_error(self, problem: AbstractStateSpace) -> AbstractCovariance:
        """B."""

    def analyse(
        self, problem: AbstractStateSpace, background: Row, cycle: Cycle
    ) -> tuple[Row, Float[Array, ""]]:
        """The minimum of the cost, by Gauss–Newton iterations."""
        error = self.background_error(problem)

        def run(control: Float[Array, " control"]) -> tuple[Array, Array]:
            row = background + error.root(control)
            return misfit_row(problem, row, cycle)[None], row[None]

        size = error.control_size
        inner = inner_solver(self.inner_solver, size, steps=self.inner, rtol=self.rtol)
        start = jnp.zeros(size, background.dtype)
        found = gauss_newton(run, start, inner, all_at_once(self.outer))
        return found.states[0], found.first_cost
