"""The local ensemble transform Kalman filter."""

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import Ensemble, ObservedEnsemble, mean_and_anomalies
from .._options import factor
from ..linear_algebra._inverse_root import apply_inverse_root
from ..scores._verification import Metrics
from ._ensemble_filter import AbstractEnsembleFilter
from ._local import Neighbours, distance_option, geometry_for, no_positions, reach_of
from ._spectrum import spectrum

# How many numbers the local analyses of one block of variables use: enough to be quick, few enough
# for a processor's cache.
BLOCK_NUMBERS = 2**19


class LETKF(AbstractEnsembleFilter):
    """Local ensemble transform Kalman filter (R-localisation).

    Every variable i has an ETKF of its own, in which the error variance of an observation at the
    distance δ is divided by the taper ρ(δ) of Gaspari and Cohn:

        x_a,i = x̄_i + wᵢᵀ aᵢ + Tᵢ aᵢ
        wᵢ = (Yᵢ Yᵢᵀ + (N − 1) I)⁻¹ Yᵢ dᵢ,  Tᵢ = (I + Yᵢ Yᵢᵀ / (N − 1))^{-½}
        Yᵢ = Y √ρᵢ,  dᵢ = √ρᵢ d

    aᵢ are the members' anomalies of the variable. Numbers without a position, such as parameters,
    use every observation without a taper. The inflation is 1 + (λ − 1) max ρ(δ) over the variable's
    observations, and between observations σ_f / σ_a at most: a variable without observations is not
    inflated. The problem needs a `geometry`, and observations with uncorrelated errors.

    Arguments:
        radius: r of the localisation [units of the positions]; the taper has the half-width 1.82 r,
            and is zero beyond 3.64 r.

    Laws: an observation further away than 3.64 r changes nothing; with an infinite radius this is
    the ETKF with the symmetric square root.

    Source: B. R. Hunt, E. J. Kostelich and I. Szunyogh, Physica D 230 (2007),
    doi 10.1016/j.physd.2006.11.008.
    """

    members: int = eqx.field(static=True, default=7)
    inflation: Float[Array, ""] = eqx.field(converter=factor, default=1.04)
    rotate: bool = eqx.field(static=True, default=True)
    radius: Float[Array, ""] = eqx.field(converter=distance_option, default=4.0)

    def unsuitable(self, problem: AbstractStateSpace) -> str | None:
        """A problem without positions, or with correlated observation errors."""
        return super().unsuitable(problem) or no_positions(problem)

    def prepare(self, problem: AbstractStateSpace, steps: int) -> "tuple[Local]":  # noqa: ARG002
        """The table of the observations near every variable."""
        geometry = geometry_for(problem)
        reach = reach_of(self.radius)
        placed, nowhere = np.flatnonzero(~geometry.nowhere), np.flatnonzero(geometry.nowhere)
        here = eqx.tree_at(lambda geometry: geometry.states, geometry, geometry.states[placed])
        near = here.near(reach)
        neighbours = Neighbours(near.indices, near.distances, reach) if len(placed) else None
        return (Local(neighbours, jnp.asarray(placed), jnp.asarray(nowhere)),)

    def inflation_weights(  # pyright: ignore[reportIncompatibleMethodOverride] - takes the table
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        cycle: Cycle,
        dtype: jnp.dtype,
        table: "Local",
    ) -> Float[Array, " state"]:
        """The taper of the nearest observation; 1 without a position if anything is observed."""
        near, placed, nowhere = table.neighbours, table.placed, table.nowhere
        everywhere = 1 if cycle.available is None else jnp.any(cycle.available)
        weights = jnp.full(len(placed) + len(nowhere), everywhere, dtype)
        if near is None:
            return weights
        taper = near.taper(self.radius, dtype)
        if cycle.available is not None:
            taper = jnp.where(cycle.available[near.indices], taper, 0)
        nearest = jnp.max(taper, 1)
        return nearest if not len(nowhere) else weights.at[placed].set(nearest)

    def analyse(  # pyright: ignore[reportIncompatibleMethodOverride] - takes the table
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        ensemble: Ensemble,
        seen: ObservedEnsemble,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
        table: "Local",
    ) -> tuple[Ensemble, Metrics]:
        """Every variable after its own analysis."""
        mean, anomalies = mean_and_anomalies(ensemble)
        near, placed, nowhere = table.neighbours, table.placed, table.nowhere
        after = anomalies
        if near is not None:
            roots = jnp.sqrt(near.taper(self.radius, ensemble.dtype))
            everywhere = len(placed) == ensemble.shape[1]
            rows = anomalies.T if everywhere else anomalies.T[placed]
            local = _local_analyses(seen, rows, near.indices, roots).T
            after = local if everywhere else after.at[:, placed].set(local)
        if len(nowhere):
            after = after.at[:, nowhere].set(_analysis(seen, anomalies[:, nowhere]))
        return mean[None] + after, {}


class Local(eqx.Module):
    """The table of an LETKF.

    Attributes:
        neighbours: the observations near every variable that has a position.
        placed: the indices of the variables with a position.
        nowhere: the indices of the variables without a position.
    """

    neighbours: Neighbours | None
    placed: Int[Array, " placed"]
    nowhere: Int[Array, " nowhere"]


def _local_analyses(
    seen: ObservedEnsemble,
    anomalies: Float[Array, "variables members"],
    indices: Int[Array, "variables near"],
    roots: Float[Array, "variables near"],
) -> Float[Array, "variables members"]:
    """wᵢᵀ aᵢ + Tᵢ aᵢ of every variable, block by block."""
    table = jnp.concatenate([seen.anomalies, seen.innovation[None]]).T
    members, near = anomalies.shape[1], indices.shape[1]

    def block(part: tuple[Array, Array, Array]) -> Array:
        anomalies, indices, roots = part
        return _block(table[indices] * roots[:, :, None], anomalies)

    variables = len(anomalies)
    most = max(1, BLOCK_NUMBERS // (near * (members + 1) + 4 * members * min(members, near)))
    blocks = -(-variables // most)
    if blocks == 1:
        return block((anomalies, indices, roots))
    size = -(-variables // blocks)

    def cut(array: Array) -> Array:
        filled = jnp.pad(array, ((0, blocks * size - variables), (0, 0)))
        return filled.reshape(blocks, size, -1)

    parts = lax.map(block, (cut(anomalies), cut(indices), cut(roots)))
    return parts.reshape(-1, members)[:variables]


def _block(
    local: Float[Array, "variables near columns"], anomalies: Float[Array, "variables members"]
) -> Float[Array, "variables members"]:
    """The analyses of some variables: the last column is dᵢ, the others are Yᵢᵀ."""
    members, near = anomalies.shape[1], local.shape[1]
    if members > near:
        return jax.vmap(_by_observation)(local, anomalies)
    gram = (local.mT @ local) / (members - 1)
    matrix = gram[:, :members, :members] + jnp.eye(members, dtype=gram.dtype)[None]
    vectors = jnp.stack([anomalies, gram[:, :members, members]], -1)
    vectors = apply_inverse_root(matrix, vectors)
    # aᵀ M⁻¹ b is the product of M^{-½} a and M^{-½} b.
    return vectors[:, :, 0] + jnp.sum(vectors[:, :, 0] * vectors[:, :, 1], 1, keepdims=True)


def _by_observation(
    local: Float[Array, "near columns"], anomalies: Float[Array, " members"]
) -> Float[Array, " members"]:
    """The analysis of a variable that has fewer observations than there are members."""
    here = ObservedEnsemble(local[:, :-1].T, local[:, -1], jnp.asarray(len(local)))
    return _analysis(here, anomalies[:, None])[:, 0]


def _analysis(seen: ObservedEnsemble, anomalies: Ensemble) -> Ensemble:
    """wᵀ A + T A."""
    found, zeta = spectrum(seen), jnp.asarray(len(anomalies) - 1, anomalies.dtype)
    return (found.weights(zeta) @ anomalies)[None] + found.transform(anomalies, zeta)
