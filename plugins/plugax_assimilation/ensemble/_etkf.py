"""The ensemble transform Kalman filter."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from plugax_state_space import AbstractStateSpace

from .._ensemble import Ensemble, ObservedEnsemble, mean_and_anomalies
from .._options import factor
from ..scores._verification import Metrics
from ._spectrum import spectrum
from ._transform_filter import AbstractTransformFilter
from ._triangle import triangular


class ETKF(AbstractTransformFilter):
    """Ensemble transform Kalman filter with the symmetric square root.

        x_a = x̄ + wᵀ A,  w = (Y Yᵀ + (N − 1) I)⁻¹ Y d
        A_a = T A,  T = (I + Y Yᵀ / (N − 1))^{-½}

    If the ensemble is rotated at random afterwards, every root that keeps the mean gives the same
    distribution, since for an orthogonal U the product Ω U is as uniform as Ω. Then the quickest
    root is used, from a Cholesky factor instead of eigenvectors.

    Law: with linear H, mean and covariance are those of the Kalman filter whose forecast has the
    mean and covariance of the ensemble; T keeps the mean, T 1 = 1.

    Source: C. H. Bishop, B. J. Etherton and S. J. Majumdar, Mon. Wea. Rev. 129 (2001),
    doi 10.1175/1520-0493(2001)129<0420:ASWTET>2.0.CO;2; B. R. Hunt, E. J. Kostelich and
    I. Szunyogh, Physica D 230 (2007), doi 10.1016/j.physd.2006.11.008, for the symmetric root.
    """

    members: int = eqx.field(static=True, default=24)
    inflation: Float[Array, ""] = eqx.field(converter=factor, default=1.013)
    rotate: bool = eqx.field(static=True, default=True)

    def analyse(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        ensemble: Ensemble,
        seen: ObservedEnsemble,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[Ensemble, Metrics]:
        """The transformed ensemble."""
        mean, anomalies = mean_and_anomalies(ensemble)
        members, observed = seen.anomalies.shape
        # RTPP adds prior anomalies to those of the analysis, which requires the symmetric root.
        if self.rotate and self.rtpp is None and members <= observed:
            found = triangular(seen)
            weights, anomalies_after = found.weights, found.transform @ anomalies
        else:
            found, zeta = spectrum(seen), jnp.asarray(members - 1, seen.anomalies.dtype)
            weights, anomalies_after = found.weights(zeta), found.transform(anomalies, zeta)
        return (mean + weights @ anomalies)[None] + anomalies_after, {}
