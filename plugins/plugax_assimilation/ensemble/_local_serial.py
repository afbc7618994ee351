"""The localised serial ensemble filter: one observation after another, with its neighbours."""

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from plugax_state_space import AbstractStateSpace, Cycle, Geometry

from .._ensemble import Ensemble, ObservedEnsemble, mean_and_anomalies
from .._options import factor
from ..scores._verification import Metrics
from ._ensemble_filter import AbstractEnsembleFilter
from ._local import Neighbours, distance_option, geometry_for, no_positions, reach_of


class LocalSerialEAKF(AbstractEnsembleFilter):
    """Serial ensemble adjustment Kalman filter with covariance localisation.

    For one whitened observation after another, with the members' present anomalies y of it, their
    variance s = yᵀy / (N − 1), and its remaining innovation δ:

        x̄ ← x̄ + ρ c δ / (1 + s),    a ← a − ρ c y / (√(1 + s) (1 + √(1 + s)))
        c = aᵀy / (N − 1)

    x̄ and a are mean and anomalies of a number of the state, and ρ is the taper of Gaspari and Cohn
    at its distance from the observation. The members' values of the remaining observations are
    updated in the same way, with tapers of their own, so an observation may be any function of the
    state. The work grows with the number of pairs that are near each other. The inflation is
    1 + (λ − 1) max ρ over a number's observations, and between observations σ_f / σ_a at most: a
    number without observations is not inflated. The problem needs a `geometry`, and observations
    with uncorrelated errors; numbers without a position, such as parameters, are near all of them.

    Arguments:
        radius: r of the localisation [units of the positions]; the taper has the half-width 1.82 r,
            and is zero beyond 3.64 r.

    Laws: an observation changes nothing beyond the distance 3.64 r; with an infinite radius and
    linear H, mean and covariance are those of the Kalman filter.

    Source: J. L. Anderson, Mon. Wea. Rev. 131 (2003),
    doi 10.1175/1520-0493(2003)131<0634:ALLSFF>2.0.CO;2; J. S. Whitaker and T. M. Hamill, 130
    (2002), doi 10.1175/1520-0493(2002)130<1913:EDAWPO>2.0.CO;2.
    """

    members: int = eqx.field(static=True, default=7)
    inflation: Float[Array, ""] = eqx.field(converter=factor, default=1.07)
    rotate: bool = eqx.field(static=True, default=True)
    radius: Float[Array, ""] = eqx.field(converter=distance_option, default=6.0)

    def unsuitable(self, problem: AbstractStateSpace) -> str | None:
        """A problem without positions, or with correlated observation errors."""
        return super().unsuitable(problem) or no_positions(problem)

    def prepare(self, problem: AbstractStateSpace, steps: int) -> tuple[Neighbours]:  # noqa: ARG002
        """The table of what is near every observation."""
        return (_near_observations(geometry_for(problem), reach_of(self.radius)),)

    def inflation_weights(  # pyright: ignore[reportIncompatibleMethodOverride] - takes the table
        self, problem: AbstractStateSpace, cycle: Cycle, dtype: jnp.dtype, near: Neighbours
    ) -> Float[Array, " state"]:
        """The taper of the nearest observation."""
        taper = near.taper(self.radius, dtype)
        if cycle.available is not None:
            taper = jnp.where(cycle.available[:, None], taper, 0)
        # The table's indices continue with the observations, for which no weight is needed.
        weights = jnp.zeros(problem.initial.covariance.size, dtype)
        return weights.at[near.indices].max(taper, mode="drop")

    def analyse(  # pyright: ignore[reportIncompatibleMethodOverride] - takes the table
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        ensemble: Ensemble,
        seen: ObservedEnsemble,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
        near: Neighbours,
    ) -> tuple[Ensemble, Metrics]:
        """The ensemble after all observations."""
        (members, states), dtype = ensemble.shape, ensemble.dtype
        mean, anomalies = mean_and_anomalies(ensemble)
        # A row for every number of the state, then one for every observation: the anomalies, and
        # the mean, for an observation relative to the observed value.
        table = jnp.concatenate(
            [
                jnp.concatenate([anomalies, mean[None]]).T,
                jnp.concatenate([seen.anomalies, -seen.innovation[None]]).T,
            ]
        )

        def assimilate(table: Array, one: tuple[Array, Array, Array]) -> tuple[Array, None]:
            number, indices, taper = one
            row = lax.dynamic_index_in_dim(table, states + number, 0, keepdims=False)
            y = row[:members]
            total = 1 + y @ y / (members - 1)
            root = jnp.sqrt(total)
            change = jnp.append(y / (root * (1 + root)), row[members] / total) / (1 - members)
            covariances = table[indices, :members] @ y
            return table.at[indices].add((taper * covariances)[:, None] * change[None, :]), None

        inputs = (jnp.arange(len(near.distances)), near.indices, near.taper(self.radius, dtype))
        table, _ = lax.scan(assimilate, table, inputs)
        return (table[:states, members:] + table[:states, :members]).T, {}


def _near_observations(geometry: Geometry, reach: float) -> Neighbours:
    """What is near every observation: numbers of the state, then observations, indexed in order."""
    to_states = geometry.near(reach, of="observations", to="states")
    to_observations = geometry.near(reach, of="observations", to="observations")
    others = to_observations.indices + len(geometry.states)
    return Neighbours(
        np.concatenate([to_states.indices, others], 1),
        np.concatenate([to_states.distances, to_observations.distances], 1),
        reach,
    )
