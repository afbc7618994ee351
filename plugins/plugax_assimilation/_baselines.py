"""The baselines that every method must beat: the climate, and the model without observations."""

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from plugax_state_space import AbstractStateSpace, Cycle

from ._background import climate, no_climate
from ._rows import Row, forecast_row, misfit_row
from ._single_state import AbstractSingleState
from .scores._state_metrics import KeepMean


class AbstractBaseline(AbstractSingleState):
    """A method that uses no observations; one step is one cycle.

    Arguments:
        keep: whether the state of every cycle goes into the history.
    """

    keep: KeepMean = eqx.field(static=True, default="mean")

    def analyse(
        self, problem: AbstractStateSpace, background: Row, cycle: Cycle
    ) -> tuple[Row, Float[Array, ""]]:
        """The background itself."""
        misfit = misfit_row(problem, background, cycle)
        return background, jnp.sum(jnp.square(misfit)) / 2


class Climatology(AbstractBaseline):
    """The mean of the climate, always.

    Law: the mean square of its error tends to the mean variance of the climate.
    """

    def unsuitable(self, problem: AbstractStateSpace) -> str | None:
        """Without a climatology."""
        return super().unsuitable(problem) or no_climate(problem)

    def background(self, problem: AbstractStateSpace, state: Row, cycle: Cycle) -> Row:  # noqa: ARG002
        """The mean of the climate."""
        return ravel_pytree(climate(problem).mean)[0].astype(state.dtype)


class NoAssimilation(AbstractBaseline):
    """The model, run from the mean of the initial distribution without using observations.

    Law: with a chaotic model the mean square of its error tends to twice the mean variance of the
    climate.
    """

    def background(self, problem: AbstractStateSpace, state: Row, cycle: Cycle) -> Row:
        """The forecast."""
        return forecast_row(problem, state, cycle)
