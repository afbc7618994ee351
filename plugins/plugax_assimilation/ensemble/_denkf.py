"""The deterministic ensemble Kalman filter."""

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from plugax_state_space import AbstractStateSpace

from .._ensemble import Ensemble, ObservedEnsemble, mean_and_anomalies
from .._options import factor
from ..linear_algebra._gain import apply_gain
from ..scores._verification import Metrics
from ._transform_filter import AbstractTransformFilter


class DEnKF(AbstractTransformFilter):
    """Deterministic ensemble Kalman filter: half the gain for the anomalies.

        x̄ ← x̄ + K d,   A ← A − ½ K Y

    Law: with linear H the mean is that of the Kalman filter whose forecast has the mean and
    covariance of the ensemble. The covariance is larger than the Kalman filter's by ¼ K H P Hᵀ Kᵀ,
    which is of second order in the gain.

    Source: P. Sakov and P. R. Oke, Tellus A 60 (2008), doi 10.1111/j.1600-0870.2007.00299.x.
    """

    members: int = eqx.field(static=True, default=40)
    inflation: Float[Array, ""] = eqx.field(converter=factor, default=1.01)

    def analyse(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        ensemble: Ensemble,
        seen: ObservedEnsemble,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[Ensemble, Metrics]:
        """The mean updated with the gain, the anomalies with half of it."""
        y = seen.anomalies
        misfits = seen.innovation[None] - y / 2
        return ensemble + apply_gain(misfits, y, mean_and_anomalies(ensemble)[1]), {}
