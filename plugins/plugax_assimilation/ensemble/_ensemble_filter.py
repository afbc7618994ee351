"""Ensemble filters that estimate only the present state."""

import jax.numpy as jnp
from jaxtyping import PRNGKeyArray, PyTree

from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import Ensemble, as_unknowns, draw
from ..scores._verification import Metrics
from ._cycled_ensemble import AbstractCycledEnsemble


class AbstractEnsembleFilter(AbstractCycledEnsemble[Ensemble]):
    """An ensemble filter; one step is one cycle. The answer is the mean of the analysis.

    A method whose analysis is one transform of the whole ensemble is an `AbstractTransformFilter`.
    """

    def init(
        self,
        problem: AbstractStateSpace,
        unknowns: PyTree,  # noqa: ARG002 - the mean of what is drawn here
        key: PRNGKeyArray,
        *prepared: PyTree,  # noqa: ARG002 - for the analyses
    ) -> Ensemble:
        """Draws from the initial distribution."""
        return draw(problem, key, self.members)

    def step(
        self,
        problem: AbstractStateSpace,
        state: Ensemble,
        batch: Cycle,
        key: PRNGKeyArray,
        *prepared: PyTree,
    ) -> tuple[Ensemble, Metrics]:
        """One cycle."""
        return self.run_cycle(problem, state, None, batch, key, *prepared)

    def converged(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002 - a filter runs through its data
        state: Ensemble,  # noqa: ARG002
    ) -> None:
        """No test: all cycles are run."""
        return

    def unknowns(self, problem: AbstractStateSpace, state: Ensemble) -> PyTree:
        """The mean of the analysis."""
        return as_unknowns(problem, jnp.mean(state, 0))
