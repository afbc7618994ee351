"""The shared part of variational methods over windows: minimising the cost of a window.

    J(v) = ½‖v‖² + ½ Σ_k ‖R_k^{-½} (y_k − H(x_k))‖²

The control v is white: before the observations it has zero mean and unit covariance. A method
defines how the states x_k of the window follow from it. No inverse of B is formed.
"""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from plugax import AbstractSolver
from plugax.solvers import State
from plugax_state_space import AbstractCovariance, AbstractStateSpace, Cycle

from .._background import check_count, positive
from .._options import check_choice
from .._rows import misfit_row
from ..scores._state_metrics import KEEP_MEAN, KeepMean, state_metrics
from ..scores._verification import Metrics, rmse
from ._gauss_newton import all_at_once, gauss_newton, one_by_one
from ._inner import INNER_SOLVERS, Control, InnerSolver, inner_solver

States = Float[Array, "times state"]


class AbstractIncremental(AbstractSolver[AbstractStateSpace, State]):
    """A method that minimises the cost of windows by Gauss–Newton; one step is one window.

    Observations after the last whole window are not used.

    Arguments:
        window: the number of observation times in a window.
        covariance: the covariance B of the background errors, instead of α times the covariance of
            the climate.
        outer: Gauss–Newton iterations in a window, each linearised around its own trajectory.
        inner: conjugate-gradient steps in a Gauss–Newton iteration, at most.
        rtol: conjugate-gradient steps end when the norm of the residual has fallen to this part
            of the norm of the first gradient in the window.
        inner_solver: "direct" solves with a matrix of the control's size and needs no adjoint,
            "conjugate-gradients" needs memory for few trajectories; "auto" uses "direct" for short
            controls, for which it is quicker.
        quasi_static: minimise over the first observation time, then over the first two, and so on,
            each time from the previous minimum: for windows so long that the cost has several
            minima.
        checkpoints: in how many segments the window is linearised; only the states between them are
            stored, and the rest is computed again. None stores everything, which is quickest if it
            fits into memory.
        keep: whether the state at the end of every window is stored in the history.

    Laws: the cost of the analysis is never above that of the background.
    """

    requires: ClassVar = AbstractStateSpace

    window: int = eqx.field(static=True, default=1)
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
        if self.checkpoints is not None:
            check_count("checkpoints", self.checkpoints)
        check_choice("inner_solver", self.inner_solver, INNER_SOLVERS)
        check_choice("keep", self.keep, KEEP_MEAN)

    def minimise(
        self,
        problem: AbstractStateSpace,
        window: Cycle,
        states_of: Callable[[Control], States],
        control: Control,
    ) -> tuple[States, Metrics]:
        """The states of a window at the minimum of the cost, and the window's metrics.

        Arguments:
            problem: the problem.
            window: the cycles of the window.
            states_of: returns the states at the observation times for a control.
            control: the start of the iterations.
        """
        misfit = lambda row, cycle: misfit_row(problem, row, cycle)  # noqa: E731

        def run(control: Control) -> tuple[Array, States]:
            states = states_of(control)
            return jax.vmap(misfit)(states, window), states

        inner = inner_solver(self.inner_solver, control.size, steps=self.inner, rtol=self.rtol)
        stages = (
            one_by_one(self.window, self.outer) if self.quasi_static else all_at_once(self.outer)
        )
        found = gauss_newton(run, control, inner, stages)
        metrics = state_metrics(
            problem,
            jax.tree.map(lambda leaf: leaf[-1], window),
            loss=found.first_cost,
            background=found.first_state,
            analysis=found.states[-1],
            keep=self.keep,
        )
        metrics["cost"] = found.cost_background + found.cost_observations
        metrics["cost_background"] = found.cost_background
        metrics["cost_observations"] = found.cost_observations
        metrics["inner_iterations"] = found.iterations.astype(found.control.dtype)
        if window.truth is not None:
            errors = jax.vmap(lambda row, cycle: rmse(problem, row, cycle))(found.states, window)
            metrics["smoothed_rmse"] = jnp.mean(errors)
        return found.states, metrics

    def converged(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002 - it runs through its data
        state: PyTree,  # noqa: ARG002
    ) -> None:
        """No test: all windows are run."""
        return
