"""Cycled variational assimilation with constant background errors.

A method defines `window_states`, which computes the states of a window from its control.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import PlugaxError, Windows
from plugax_state_space import AbstractCovariance, AbstractStateSpace, Cycle

from .._background import background_error, check_count, no_background, positive
from .._ensemble import as_unknowns
from .._rows import Row
from ..scores._verification import Metrics
from ._incremental import AbstractIncremental, States


class VariationalState(eqx.Module):
    """The run state of a method over windows.

    Attributes:
        background: the state at the start of the next window, before its observations.
        analysis: the state at the end of the last window.
    """

    background: Row
    analysis: Row


class AbstractVariational(AbstractIncremental[VariationalState]):
    """A variational method over windows; one step is one window.

    The answer is the state at the end of the last window. Every window starts `shift` observation
    times after the previous one, from its analysis. If windows overlap, observations are used more
    than once, as if there were more of them: the cost is then no longer a likelihood. Observations
    after the last whole window are not used.

    Arguments:
        shift: observation times from one window to the next, at most `window`; by default windows
            follow each other without overlap.
        scale: α; the background error covariance is α times the covariance of the climate.
    """

    shift: int | None = eqx.field(static=True, default=None)
    scale: Float[Array, ""] = eqx.field(converter=positive, default=0.01)

    def __check_init__(self):
        if self.shift is not None:
            check_count("shift", self.shift)
            if self.shift > self.window:
                raise PlugaxError(
                    f"shift must be at most window, {self.window}, or observations would be "
                    f"skipped; got {self.shift}."
                )

    def unsuitable(self, problem: AbstractStateSpace) -> str | None:
        """A problem without a climatology, unless background errors are given."""
        return super().unsuitable(problem) or no_background(problem, self.covariance)

    @abc.abstractmethod
    def control_size(self, problem: AbstractStateSpace, background: AbstractCovariance) -> int:
        """How many numbers the control has."""

    @abc.abstractmethod
    def window_states(
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
            start: B, the covariance of the background errors.
            background: x_b, the background at the start of the window.
            control: v.
            window: the cycles of the window.
        """

    def data(self, problem: AbstractStateSpace) -> Windows:
        """Step i sees the i-th window."""
        return Windows(problem.cycles, self.window, self.shift or self.window)

    def init(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
    ) -> VariationalState:
        """The first background, by default the mean of the initial distribution."""
        row = ravel_pytree(unknowns)[0]
        return VariationalState(row, row)

    def step(
        self,
        problem: AbstractStateSpace,
        state: VariationalState,
        batch: Cycle,
        key: PRNGKeyArray,  # noqa: ARG002
    ) -> tuple[VariationalState, Metrics]:
        """One window."""
        start = background_error(problem, self.covariance, self.scale)

        def states_of(control: Float[Array, " control"]) -> States:
            return self.window_states(problem, start, state.background, control, batch)

        nothing = jnp.zeros(self.control_size(problem, start), state.background.dtype)
        states, metrics = self.minimise(problem, batch, states_of, nothing)
        return VariationalState(states[(self.shift or self.window) - 1], states[-1]), metrics

    def unknowns(self, problem: AbstractStateSpace, state: VariationalState) -> PyTree:
        """The state at the end of the last window."""
        return as_unknowns(problem, state.analysis)
