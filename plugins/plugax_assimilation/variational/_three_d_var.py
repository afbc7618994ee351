"""3DVar."""

import equinox as eqx
from jaxtyping import Array, Float

from plugax_state_space import AbstractCovariance, AbstractStateSpace, Cycle

from .._background import background_error, no_background, positive
from .._rows import Row, forecast_row
from ._static_background import AbstractStaticBackground


class ThreeDVar(AbstractStaticBackground):
    """3DVar: forecasts with constant background errors.

    x_b = M(x_a of the previous cycle),  B = α C, with C the covariance of the climate

    Arguments:
        scale: α; the background error covariance is α times the covariance of the climate.
        covariance: the covariance B of the background errors, instead of α C.

    Source: A. C. Lorenc, Q. J. R. Meteorol. Soc. 112 (1986), doi 10.1002/qj.49711247414.
    """

    scale: Float[Array, ""] = eqx.field(converter=positive, default=0.02)
    covariance: AbstractCovariance | None = None

    def unsuitable(self, problem: AbstractStateSpace) -> str | None:
        """A problem without a climatology, unless background errors are given."""
        return super().unsuitable(problem) or no_background(problem, self.covariance)

    def background(self, problem: AbstractStateSpace, state: Row, cycle: Cycle) -> Row:
        """The forecast."""
        return forecast_row(problem, state, cycle)

    def background_error(self, problem: AbstractStateSpace) -> AbstractCovariance:
        """α C, or what was given."""
        return background_error(problem, self.covariance, self.scale)
