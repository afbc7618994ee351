"""Optimal interpolation: every analysis starts from the climate."""

from jax.flatten_util import ravel_pytree

from plugax_state_space import AbstractCovariance, AbstractStateSpace, Cycle

from .._background import climate, no_climate
from .._rows import Row
from ._static_background import AbstractStaticBackground


class OptimalInterpolation(AbstractStaticBackground):
    """Optimal interpolation between the climate and the observations.

        x_b = c,  B = C, the mean and covariance of the climate

    No model is run, so an analysis does not depend on earlier observations.

    Source: A. C. Lorenc, Mon. Wea. Rev. 109 (1981),
    doi 10.1175/1520-0493(1981)109<0701:AGTDMS>2.0.CO;2.
    """

    def unsuitable(self, problem: AbstractStateSpace) -> str | None:
        """Without a climatology."""
        return super().unsuitable(problem) or no_climate(problem)

    def background(self, problem: AbstractStateSpace, state: Row, cycle: Cycle) -> Row:  # noqa: ARG002
        """The mean of the climate."""
        return ravel_pytree(climate(problem).mean)[0].astype(state.dtype)

    def background_error(self, problem: AbstractStateSpace) -> AbstractCovariance:
        """The covariance of the climate."""
        return climate(problem).covariance
