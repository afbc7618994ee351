"""Cycled variational assimilation over windows of observation times.

    J(v) = ½‖v‖² + ½ Σ_k ‖R_k^{-½} (y_k − H(x_k))‖²

The control v is white: it has zero mean and unit covariance before the window is seen. A method
brings `trajectory`, how the states x_k of the window come of it. No inverse of B is formed.
"""

import abc
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import (
    AbstractCovariance,
    AbstractSolver,
    AbstractStateSpace,
    Cycle,
    PlugaxError,
    Windows,
)

from ._background import background_error, check_count, positive
from ._ensemble import as_unknowns
from ._gauss_newton import all_at_once, gauss_newton, one_by_one
from ._inner import INNER_SOLVERS, InnerSolver, inner_solver
from ._options import check_choice
from ._rows import Row, misfit_row
from ._state_metrics import KEEP_MEAN, KeepMean, state_metrics
from ._verification import Metrics, rmse


class Assimilated(eqx.Module):
    """Where a method over windows stands.

    Attributes:
        background: the state at the start of the next window, before its observations.
        analysis: the state at the end of the last window.
    """

    background: Row
    analysis: Row


class AbstractVariational(AbstractSolver):
    """A variational method over windows; one step is one window.

    The answer is the state at the end of the last window. Every window starts from the analysis of
    the one before, `shift` observation times on. Where windows overlap, observations are used
    again, as if there were more of them than there are: the cost is then no longer a likelihood.
    Observations after the last whole window are not used.

    Arguments:
        window: observation times in a window.
        shift: observation times from one window to the next, at most `window`; by default windows
            follow each other without overlap.
        scale: α; the background errors are α times those of the climate.
        covariance: the covariance B of the background errors itself, instead of those.
        outer: Gauss–Newton iterations in a window, each linearised around its own trajectory.
        inner: conjugate-gradient steps in a Gauss–Newton iteration, at most.
        rtol: those steps end where the norm of the residual has fallen to this part of the
            first gradient's in the window.
        inner_solver: "direct" solves with a matrix of the control's size and needs no adjoint,
            "conjugate-gradients" needs memory for few trajectories; "auto" takes the first for
            short controls, where it is quicker.
        quasi_static: minimise over the first observation time first, then over two, and so on,
            each from the minimum before: for windows so long that the cost has several minima.
        checkpoints: in how many segments the window is linearised; states are kept between them,
            and all else is computed again. None keeps everything, the quickest where it fits.
        keep: whether the state at the end of every window goes into the history.

    Laws: the cost of the analysis is never above that of the background.
    """

    requires: ClassVar = AbstractStateSpace

    window: int = eqx.field(static=True, default=1)
    shift: int | None = eqx.field(static=True, default=None)
    scale: Float[Array, ""] = eqx.field(converter=positive, default=0.01)
    covariance: AbstractCovariance | None = None
    outer: int = eqx.field(static=True, default=3)
    inner: int = eqx.field(static=True, default=20)
    rtol: Float[Array, ""] = eqx.field(converter=positive, default=1e-3)
    inner_solver: InnerSolver = eqx.field(static=True, default="auto")
    quasi_static: bool = eqx.field(static=True, default=False)
    checkpoints: int | None = eqx.field(static=True, default=None)
    keep: KeepMean = eqx.field(static=True, default="mean")

    def __check_init__(self):
        for name in ("window", "outer", "inner"):
            check_count(name, getattr(self, name))
        for name in ("shift", "checkpoints"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name))
        if self.shift is not None and self.shift > self.window:
            raise PlugaxError(
                f"shift must be at most window, {self.window}, so that no observation is left out; "
                f"got {self.shift}."
            )
        check_choice("inner_solver", self.inner_solver, INNER_SOLVERS)
        check_choice("keep", self.keep, KEEP_MEAN)

    @abc.abstractmethod
    def control_size(self, problem: AbstractStateSpace, background: AbstractCovariance) -> int:
        """How many numbers the control has.

        Errors: `PlugaxError` where the problem lacks what the method needs.
        """

    @abc.abstractmethod
    def trajectory(
        self,
        problem: AbstractStateSpace,
        start: AbstractCovariance,
        background: Row,
        control: Float[Array, " control"],
        window: Cycle,
    ) -> Float[Array, "times state"]:
        """The states at the observation times of a window.

        Arguments:
            problem: the problem.
            start: B, of the errors of the background.
            background: x_b, at the start of the window.
            control: v.
            window: the cycles of the window.
        """

    def data(self, problem: AbstractStateSpace) -> Windows:
        """Step i sees the i-th window."""
        return Windows(problem.cycles, self.window, self.shift or self.window)

    def init(
        self,
        problem: AbstractStateSpace,
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
    ) -> Assimilated:
        """The first background, by default the mean of the initial distribution."""
        self.control_size(problem, background_error(problem, self.covariance, self.scale))
        row = ravel_pytree(unknowns)[0]
        return Assimilated(row, row)

    def step(
        self,
        problem: AbstractStateSpace,
        state: Assimilated,
        batch: Cycle,
        key: PRNGKeyArray,  # noqa: ARG002
    ) -> tuple[Assimilated, Metrics]:
        """One window."""
        start = background_error(problem, self.covariance, self.scale)
        misfit = lambda row, cycle: misfit_row(problem, row, cycle)  # noqa: E731

        def run(control: Float[Array, " control"]) -> tuple[Array, Array]:
            states = self.trajectory(problem, start, state.background, control, batch)
            return jax.vmap(misfit)(states, batch), states

        size = self.control_size(problem, start)
        inner = inner_solver(self.inner_solver, size, steps=self.inner, rtol=self.rtol)
        stages = (
            one_by_one(self.window, self.outer) if self.quasi_static else all_at_once(self.outer)
        )
        found = gauss_newton(run, jnp.zeros(size, state.background.dtype), inner, stages)
        last = jax.tree.map(lambda leaf: leaf[-1], batch)
        metrics = state_metrics(
            problem,
            last,
            loss=found.first_cost,
            background=found.first_state,
            analysis=found.states[-1],
            keep=self.keep,
        )
        metrics["cost"] = found.cost_background + found.cost_observations
        metrics["cost_background"] = found.cost_background
        metrics["cost_observations"] = found.cost_observations
        metrics["inner_iterations"] = found.iterations.astype(found.control.dtype)
        if batch.truth is not None:
            errors = jax.vmap(lambda row, cycle: rmse(problem, row, cycle))(found.states, batch)
            metrics["smoothed_rmse"] = jnp.mean(errors)
        following = found.states[(self.shift or self.window) - 1]
        return Assimilated(following, found.states[-1]), metrics

    def converged(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002 - it runs through its data
        state: Assimilated,  # noqa: ARG002
    ) -> None:
        """No test: all windows are run."""
        return

    def unknowns(self, problem: AbstractStateSpace, state: Assimilated) -> PyTree:
        """The state at the end of the last window."""
        return as_unknowns(problem, state.analysis)
