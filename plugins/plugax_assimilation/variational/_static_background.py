"""The shared part of analyses of one observation time with constant background errors.

    x_a = x_b + B^½ v,  v minimises ½‖v‖² + ½‖R^{-½} (y − H(x_a))‖²

A method defines x_b and B.
"""

import abc
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractSolver
from plugax_state_space import AbstractCovariance, AbstractStateSpace, Cycle

from .._background import check_count, positive
from .._ensemble import as_unknowns
from .._options import check_choice
from .._rows import Row, misfit_row
from ..scores._state_metrics import KEEP_MEAN, KeepMean, state_metrics
from ..scores._verification import Metrics
from ._gauss_newton import all_at_once, gauss_newton
from ._inner import INNER_SOLVERS, InnerSolver, inner_solver


class AbstractStaticBackground(AbstractSolver[AbstractStateSpace, Row]):
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

    requires: ClassVar = AbstractStateSpace

    outer: int = eqx.field(static=True, default=3)
    inner: int = eqx.field(static=True, default=100)
    rtol: Float[Array, ""] = eqx.field(converter=positive, default=1e-3)
    inner_solver: InnerSolver = eqx.field(static=True, default="auto")
    keep: KeepMean = eqx.field(static=True, default="mean")

    def __check_init__(self):
        check_count("outer", self.outer)
        check_count("inner", self.inner)
        check_choice("inner_solver", self.inner_solver, INNER_SOLVERS)
        check_choice("keep", self.keep, KEEP_MEAN)

    @abc.abstractmethod
    def background(self, problem: AbstractStateSpace, state: Row, cycle: Cycle) -> Row:
        """x_b, from the analysis of the previous cycle."""

    @abc.abstractmethod
    def background_error(self, problem: AbstractStateSpace) -> AbstractCovariance:
        """B."""

    def init(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
    ) -> Row:
        """The state before the first analysis, by default the mean of the initial distribution."""
        return ravel_pytree(unknowns)[0]

    def step(
        self,
        problem: AbstractStateSpace,
        state: Row,
        batch: Cycle,
        key: PRNGKeyArray,  # noqa: ARG002
    ) -> tuple[Row, Metrics]:
        """One cycle."""
        background = self.background(problem, state, batch)
        error = self.background_error(problem)

        def run(control: Float[Array, " control"]) -> tuple[Array, Array]:
            row = background + error.root(control)
            return misfit_row(problem, row, batch)[None], row[None]

        size = error.control_size
        inner = inner_solver(self.inner_solver, size, steps=self.inner, rtol=self.rtol)
        start = jnp.zeros(size, background.dtype)
        found = gauss_newton(run, start, inner, all_at_once(self.outer))
        analysis = found.states[0]
        metrics = state_metrics(
            problem,
            batch,
            loss=found.first_cost,
            background=background,
            analysis=analysis,
            keep=self.keep,
        )
        return analysis, metrics

    def converged(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002 - it runs through its data
        state: Row,  # noqa: ARG002
    ) -> None:
        """No test: all cycles are run."""
        return

    def unknowns(self, problem: AbstractStateSpace, state: Row) -> PyTree:
        """The analysis."""
        return as_unknowns(problem, state)
