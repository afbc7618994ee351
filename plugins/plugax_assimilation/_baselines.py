"""The baselines that every method must beat: the climate, and the model without observations."""

import abc
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import PRNGKeyArray, PyTree

from plugax import AbstractSolver
from plugax_state_space import AbstractStateSpace, Cycle

from ._background import climate, no_climate
from ._ensemble import as_unknowns
from ._options import check_choice
from ._rows import Row, forecast_row, misfit_row
from .scores._state_metrics import KEEP_MEAN, KeepMean, state_metrics
from .scores._verification import Metrics


class AbstractBaseline(AbstractSolver[AbstractStateSpace, Row]):
    """A method that uses no observations; one step is one cycle.

    Arguments:
        keep: whether the state of every cycle goes into the history.
    """

    requires: ClassVar = AbstractStateSpace

    keep: KeepMean = eqx.field(static=True, default="mean")

    def __check_init__(self):
        check_choice("keep", self.keep, KEEP_MEAN)

    @abc.abstractmethod
    def guess(self, problem: AbstractStateSpace, state: Row, cycle: Cycle) -> Row:
        """The state at the time of a cycle, from the state at the previous cycle."""

    def init(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
    ) -> Row:
        """The first state, by default the mean of the initial distribution."""
        return ravel_pytree(unknowns)[0]

    def step(
        self,
        problem: AbstractStateSpace,
        state: Row,
        batch: Cycle,
        key: PRNGKeyArray,  # noqa: ARG002
    ) -> tuple[Row, Metrics]:
        """One cycle."""
        here = self.guess(problem, state, batch)
        misfit = misfit_row(problem, here, batch)
        metrics = state_metrics(
            problem,
            batch,
            loss=jnp.sum(jnp.square(misfit)) / 2,
            background=here,
            analysis=here,
            keep=self.keep,
        )
        return here, metrics

    def converged(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002 - it runs through its data
        state: Row,  # noqa: ARG002
    ) -> None:
        """No test: all cycles are run."""
        return

    def unknowns(self, problem: AbstractStateSpace, state: Row) -> PyTree:
        """The state at the last cycle."""
        return as_unknowns(problem, state)


class Climatology(AbstractBaseline):
    """The mean of the climate, always.

    Law: the mean square of its error tends to the mean variance of the climate.
    """

    def unsuitable(self, problem: AbstractStateSpace) -> str | None:
        """Without a climatology."""
        return super().unsuitable(problem) or no_climate(problem)

    def guess(self, problem: AbstractStateSpace, state: Row, cycle: Cycle) -> Row:  # noqa: ARG002
        """The mean of the climate."""
        return ravel_pytree(climate(problem).mean)[0].astype(state.dtype)


class NoAssimilation(AbstractBaseline):
    """The model, run from the mean of the initial distribution without using observations.

    Law: with a chaotic model the mean square of its error tends to twice the mean variance of the
    climate.
    """

    def guess(self, problem: AbstractStateSpace, state: Row, cycle: Cycle) -> Row:
        """The forecast."""
        return forecast_row(problem, state, cycle)
