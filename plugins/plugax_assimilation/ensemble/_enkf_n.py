"""The finite-size ensemble Kalman filter, which finds its own inflation."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from plugax_state_space import AbstractStateSpace

from .._ensemble import Ensemble, ObservedEnsemble, mean_and_anomalies
from .._options import factor
from ..scores._verification import Metrics
from ._finite_size import inflation_for
from ._spectrum import spectrum
from ._transform_filter import AbstractTransformFilter


class EnKFN(AbstractTransformFilter):
    """Finite-size ensemble Kalman filter (EnKF-N), dual form.

    The ETKF with the forecast inflated by the λ that minimises, with ζ = (N − 1) / λ²,

        D(ζ) = ½ dᵀ (I + YᵀY / ζ)⁻¹ d + ½ ε ζ − ½ ν ln ζ,    ε = xN (1 + 1/N) / m,  ν = xN N m

    m is close to 1, a correction of the prior's mode if observations tell little. Then

        x_a = x̄ + wᵀ A,  w = (Y Yᵀ + ζ I)⁻¹ Y d;    A_a = (Y Yᵀ + ζ I)^{-½} √(N − 1) A

    The metrics hold λ, `inflation_factor`.

    Arguments:
        xN: how much more certain the covariance of N members is than that of N random draws. 1
            assumes nothing about the model; a larger value damps λ, which suits a model that is
            nearly linear between observations.

    Source: M. Bocquet, Nonlin. Processes Geophys. 18 (2011), doi 10.5194/npg-18-735-2011; M.
    Bocquet and P. Sakov, 19 (2012), doi 10.5194/npg-19-383-2012; M. Bocquet, P. N. Raanes and A.
    Hannart, 22 (2015), doi 10.5194/npg-22-645-2015.
    """

    members: int = eqx.field(static=True, default=24)
    rotate: bool = eqx.field(static=True, default=True)
    xN: Float[Array, ""] = eqx.field(converter=factor, default=2.0)

    def analyse(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        ensemble: Ensemble,
        seen: ObservedEnsemble,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[Ensemble, Metrics]:
        """The transformed ensemble, and the inflation it needed."""
        mean, anomalies = mean_and_anomalies(ensemble)
        members, found = len(ensemble), spectrum(seen)
        certainty = self.xN.astype(found.values.dtype)
        inflation = inflation_for(found.values, found.squared_weights(), members, certainty)
        zeta = (members - 1) / jnp.square(inflation)
        after = inflation * found.transform(anomalies, zeta)
        centre = mean + found.weights(zeta) @ anomalies
        return centre[None] + after, {"inflation_factor": inflation}
