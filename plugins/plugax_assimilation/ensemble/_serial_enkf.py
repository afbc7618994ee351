"""The serial ensemble square-root filter: one observation after another."""

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from plugax_state_space import AbstractStateSpace

from .._ensemble import Ensemble, ObservedEnsemble, mean_and_anomalies
from .._options import factor
from ..scores._verification import Metrics
from ._transform_filter import AbstractTransformFilter


class SerialEnKF(AbstractTransformFilter):
    """Serial ensemble square-root filter (ESRF, EAKF).

    For one whitened observation after another, with the members' present anomalies y of it and its
    remaining innovation δ:

        w ← w + Tᵀ y δ / (yᵀy + N − 1)
        T ← (I − β y yᵀ) T,   β = 1 / (yᵀy + N − 1 + √((N − 1) (yᵀy + N − 1)))

    The anomalies for the next observation are T times those of the forecast, so the work in the
    loop does not depend on the size of the state. In the end x_a = x̄ + wᵀ A and A_a = T A. With
    more members than numbers in the state and observations together, the loop updates T A and T Y
    instead.

    Law: with linear H, mean and covariance are those of the Kalman filter whose forecast has the
    mean and covariance of the ensemble, whatever the order of the observations; T 1 = 1.

    Source: J. S. Whitaker and T. M. Hamill, Mon. Wea. Rev. 130 (2002),
    doi 10.1175/1520-0493(2002)130<1913:EDAWPO>2.0.CO;2; J. L. Anderson, Mon. Wea. Rev. 129 (2001),
    doi 10.1175/1520-0493(2001)129<2884:AEAKFF>2.0.CO;2.
    """

    members: int = eqx.field(static=True, default=28)
    inflation: Float[Array, ""] = eqx.field(converter=factor, default=1.02)
    rotate: bool = eqx.field(static=True, default=True)

    def analyse(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        ensemble: Ensemble,
        seen: ObservedEnsemble,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[Ensemble, Metrics]:
        """The ensemble after all observations."""
        mean, anomalies = mean_and_anomalies(ensemble)
        members, observed = seen.anomalies.shape
        if members > anomalies.shape[1] + observed:
            moves, anomalies = _in_columns(seen, anomalies)
            return (mean + moves)[None] + anomalies, {}
        weights, transform = _serially(seen)
        return (mean + weights @ anomalies)[None] + transform @ anomalies, {}


def _serially(
    seen: ObservedEnsemble,
) -> tuple[Float[Array, " members"], Float[Array, "members members"]]:
    """The weights w and the transform T after all observations."""
    members, dtype = len(seen.anomalies), seen.anomalies.dtype
    start = (jnp.zeros(members, dtype), jnp.eye(members, dtype=dtype))

    def assimilate(so_far: tuple[Array, Array], one: tuple[Array, Array]):
        weights, transform = so_far
        forecast, innovation = one
        y = transform @ forecast
        total = y @ y + (members - 1)
        seen_before = y @ transform
        left = innovation - weights @ forecast
        beta = 1 / (total + jnp.sqrt((members - 1) * total))
        after = transform - (beta * y)[:, None] * seen_before[None, :]
        return (weights + seen_before * (left / total), after), None

    return lax.scan(assimilate, start, (seen.anomalies.T, seen.innovation))[0]


def _in_columns(
    seen: ObservedEnsemble, anomalies: Float[Array, "members columns"]
) -> tuple[Float[Array, " columns"], Float[Array, "members columns"]]:
    """The change of the mean, wᵀ A, and T A after all observations, without forming T."""
    (members, columns), observed = anomalies.shape, len(seen.innovation)
    rows = jnp.concatenate([anomalies, seen.anomalies], 1)
    start = (rows, jnp.zeros(columns + observed, rows.dtype))

    def assimilate(so_far: tuple[Array, Array], one: tuple[Array, Array]):
        rows, moves = so_far
        number, innovation = one
        y = lax.dynamic_index_in_dim(rows, columns + number, 1, keepdims=False)
        left = innovation - lax.dynamic_index_in_dim(moves, columns + number, 0, keepdims=False)
        total = y @ y + (members - 1)
        beta = 1 / (total + jnp.sqrt((members - 1) * total))
        covariances = y @ rows
        rows = rows - (beta * y)[:, None] * covariances[None, :]
        return (rows, moves + covariances * (left / total)), None

    (rows, moves), _ = lax.scan(assimilate, start, (jnp.arange(observed), seen.innovation))
    return moves[:columns], rows[:, :columns]
