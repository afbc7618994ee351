"""The shared part of methods that know one state, and nothing of its uncertainty.

    x_b from the analysis of the previous cycle,  x_a from x_b and the observations

A method defines both steps. The climate and the forecast are the usual backgrounds; the baselines
leave them as they are, optimal interpolation and 3DVar analyse them.
"""

import abc
from typing import ClassVar

import equinox as eqx
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractSolver
from plugax_state_space import AbstractStateSpace, Cycle

from ._ensemble import as_unknowns
from ._options import check_choice
from ._rows import Row
from .scores._state_metrics import KEEP_MEAN, KeepMean, state_metrics
from .scores._verification import Metrics


class AbstractSingleState(AbstractSolver[AbstractStateSpace, Row]):
    """A method whose estimate is one state; one step is one cycle.

    A subclass has the option `keep`: whether the analysis of every cycle goes into the history.
    """

    requires: ClassVar = AbstractStateSpace

    keep: eqx.AbstractVar[KeepMean]

    def __check_init__(self):
        check_choice("keep", self.keep, KEEP_MEAN)

    @abc.abstractmethod
    def background(self, problem: AbstractStateSpace, state: Row, cycle: Cycle) -> Row:
        """x_b, from the analysis of the previous cycle."""

    @abc.abstractmethod
    def analyse(
        self, problem: AbstractStateSpace, background: Row, cycle: Cycle
    ) -> tuple[Row, Float[Array, ""]]:
        """x_a, and the loss at x_b: ½‖R^{-½} (y − H(x_b))‖²."""

    def init(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
    ) -> Row:
        """The state before the first cycle, by default the mean of the initial distribution."""
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
        analysis, loss = self.analyse(problem, background, batch)
        metrics = state_metrics(
            problem, batch, loss=loss, background=background, analysis=analysis, keep=self.keep
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
        """The last analysis."""
        return as_unknowns(problem, state)
