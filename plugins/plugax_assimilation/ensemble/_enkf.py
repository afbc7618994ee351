"""The ensemble Kalman filter with perturbed observations."""

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from plugax_state_space import AbstractStateSpace

from .._ensemble import Ensemble, ObservedEnsemble, mean_and_anomalies
from .._options import factor
from ..linear_algebra._draws import normals
from ..linear_algebra._gain import apply_gain
from ..scores._verification import Metrics
from ._transform_filter import AbstractTransformFilter


class EnKF(AbstractTransformFilter):
    """Ensemble Kalman filter with perturbed observations (stochastic EnKF).

        x_i ← x_i + K (y + ε_i − H(x_i)),   K = Aᵀ Y (YᵀY + (N − 1) I)⁻¹ in whitened observations

    New perturbations ε_i ~ N(0, R) are drawn in every cycle, and they sum to zero, so that the mean
    is that of the Kalman filter; their covariance, taken with N − 1, has the expectation R.

    Law: with linear H the mean is that of the Kalman filter whose forecast has the mean and
    covariance of the ensemble. The covariance equals that of the Kalman filter in expectation over
    the perturbations, for a large ensemble.

    Source: G. Evensen, J. Geophys. Res. 99 (1994), doi 10.1029/94JC00572; G. Burgers, P. J. van
    Leeuwen and G. Evensen, Mon. Wea. Rev. 126 (1998),
    doi 10.1175/1520-0493(1998)126<1719:ASITEK>2.0.CO;2.
    """

    members: int = eqx.field(static=True, default=40)
    inflation: Float[Array, ""] = eqx.field(converter=factor, default=1.06)

    def analyse(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        ensemble: Ensemble,
        seen: ObservedEnsemble,
        key: PRNGKeyArray,
    ) -> tuple[Ensemble, Metrics]:
        """Every member, moved towards its own perturbed observations."""
        y = seen.anomalies
        perturbations = mean_and_anomalies(normals(key, y.shape, y.dtype))[1]
        misfits = seen.innovation[None] + perturbations - y
        return ensemble + apply_gain(misfits, y, mean_and_anomalies(ensemble)[1]), {}
