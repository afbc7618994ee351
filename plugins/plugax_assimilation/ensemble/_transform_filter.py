"""Ensemble filters whose analysis is a transform of the ensemble, and their fixed-lag smoothers.

    (x̄ + wᵀ A, T A)      with the same w and T for the present and for every earlier time

The transform from the present observations also gives the best linear estimate of the members at
earlier times, since it contains their covariances with the present observations.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import Ensemble, as_unknowns, draw, mean_and_anomalies
from .._options import check_lag
from ..scores._verification import Metrics, rmse, spread
from ._cycled_ensemble import AbstractCycledEnsemble


class LaggedState(eqx.Module):
    """The state of a smoother.

    Attributes:
        ensembles: the present and earlier ensembles side by side, newest first, over the lag.
        truth: the truth at those times, if it is known; zeros before the first cycle.
        cycles: how many cycles have been run.
    """

    ensembles: Float[Array, "members lagged"]
    truth: Float[Array, "lag verified"] | None
    cycles: Int[Array, ""]


class AbstractTransformFilter(AbstractCycledEnsemble[Any]):
    """An ensemble filter, and with a lag an ensemble Kalman smoother; one step is one cycle.

    With a lag L every transform of the present ensemble is also applied to the ensembles of the
    last L cycles. The estimate for L cycles ago, or for the first cycle while there are fewer, is
    in the metrics as `smoothed_rmse` and `smoothed_spread`, and with `keep` in the history as
    `smoothed`, with its time `smoothed_time`. The answer is the mean of the analysis, as in a
    filter.

    Arguments:
        lag: L, how many cycles back observations have an effect; 0 is a filter.

    Errors: `PlugaxError` if the lag is negative.

    Law: a lag does not change the analysis.

    Source: G. Evensen and P. J. van Leeuwen, Mon. Wea. Rev. 128 (2000),
    doi 10.1175/1520-0493(2000)128<1852:AEKSFN>2.0.CO;2.
    """

    lag: int = eqx.field(static=True, default=0, kw_only=True)

    def __check_init__(self):
        check_lag(self.lag)

    def init(
        self,
        problem: AbstractStateSpace,
        unknowns: PyTree,  # noqa: ARG002 - the mean of what is drawn here
        key: PRNGKeyArray,
    ) -> Ensemble | LaggedState:
        """Draws from the initial distribution."""
        ensemble = draw(problem, key, self.members)
        if not self.lag:
            return ensemble
        truth = problem.cycles.truth
        if truth is not None:
            first = ravel_pytree(jax.tree.map(lambda leaf: leaf[0], truth))[0]
            truth = jnp.zeros((self.lag, first.size), first.dtype)
        return LaggedState(jnp.tile(ensemble, (1, self.lag)), truth, jnp.zeros((), int))

    def step(
        self,
        problem: AbstractStateSpace,
        state: Ensemble | LaggedState,
        batch: Cycle,
        key: PRNGKeyArray,
    ) -> tuple[Ensemble | LaggedState, Metrics]:
        """One cycle."""
        if not isinstance(state, LaggedState):
            return self.run_cycle(problem, state, None, batch, key)
        numbers = state.ensembles.shape[1] // self.lag
        now = state.ensembles[:, :numbers]
        after, metrics = self.run_cycle(problem, now, state.ensembles, batch, key)
        back = jnp.minimum(state.cycles, self.lag)
        smoothed = lax.dynamic_slice_in_dim(after, back * numbers, numbers, 1)
        mean, anomalies = mean_and_anomalies(smoothed)
        metrics["smoothed_spread"] = spread(problem, anomalies)
        if self.keep != "nothing":
            metrics["smoothed"] = mean if self.keep == "mean" else smoothed
            metrics["smoothed_time"] = problem.cycles.time[state.cycles - back]
        truth = state.truth
        if truth is not None:
            truth = jnp.concatenate([ravel_pytree(batch.truth)[0][None], truth])
            then = dataclasses.replace(batch, truth=truth[back])
            metrics["smoothed_rmse"] = rmse(problem, mean, then)
            truth = truth[: self.lag]
        return LaggedState(after[:, : self.lag * numbers], truth, state.cycles + 1), metrics

    def converged(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002 - a filter runs through its data
        state: Ensemble | LaggedState,  # noqa: ARG002
    ) -> None:
        """No test: all cycles are run."""
        return

    def unknowns(self, problem: AbstractStateSpace, state: Ensemble | LaggedState) -> PyTree:
        """The mean of the analysis."""
        if isinstance(state, LaggedState):
            state = state.ensembles[:, : state.ensembles.shape[1] // self.lag]
        return as_unknowns(problem, jnp.mean(state, 0))
