"""How well an ensemble, as a probability forecast, fits the truth: CRPS and ranks."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

MOST_SHIFTED = 1000


def crps(
    ensemble: Float[Array, "members numbers"], truth: Float[Array, " numbers"]
) -> Float[Array, ""]:
    """The continuous ranked probability score, a mean over all numbers [model units].

        CRPS = 1/N Σᵢ |xᵢ − t| − 1/(2N²) Σᵢⱼ |xᵢ − xⱼ|

    It is the integral of the squared difference between the distribution functions of ensemble and
    truth: 0 for a perfect forecast, the absolute error for a single member.

    The double sum runs over the N/2 cyclic shifts of the members. Sorting would take fewer
    operations, N log N, but was slower for every N up to 1000, since shifts need no branches. More
    members than that are sorted.

    Laws: it does not depend on the order of the members; scaled with them and the truth; for many
    members drawn from N(μ, σ²), σ (z (2Φ(z) − 1) + 2φ(z) − 1/√π) with z = (t − μ)/σ.

    Source: H. Hersbach, Wea. Forecasting 15 (2000),
    doi 10.1175/1520-0434(2000)015<0559:DOTCRP>2.0.CO;2; T. Gneiting and A. E. Raftery, J. Amer.
    Statist. Assoc. 102 (2007), doi 10.1198/016214506000001437, for the law.
    """
    members = len(ensemble)
    if members > MOST_SHIFTED:
        return weighted_crps(ensemble, jnp.full(members, 1 / members, ensemble.dtype), truth)
    twice = jnp.concatenate([ensemble, ensemble])

    def add(shift: Int[Array, ""], total: Float[Array, " numbers"]) -> Float[Array, " numbers"]:
        other = lax.dynamic_slice_in_dim(twice, shift, members)
        return total + jnp.sum(jnp.abs(ensemble - other), 0)

    # The shifts k and N − k pair the same members.
    below_half = (members - 1) // 2
    pairs = 2 * lax.fori_loop(1, below_half + 1, add, jnp.zeros_like(truth))
    if members % 2 == 0:
        pairs = add(jnp.asarray(members // 2), pairs)
    error = jnp.mean(jnp.abs(ensemble - truth[None]), 0)
    return jnp.mean(error - pairs / (2 * members**2))


def weighted_crps(
    particles: Float[Array, "members numbers"],
    weights: Float[Array, " members"],
    truth: Float[Array, " numbers"],
) -> Float[Array, ""]:
    """The continuous ranked probability score of members with weights that add up to 1.

        CRPS = Σᵢ wᵢ |xᵢ − t| − Σₖ Fₖ (1 − Fₖ) (x₍ₖ₊₁₎ − x₍ₖ₎)

    Fₖ is the weight of the k lowest members. The second sum is the integral of F (1 − F), half the
    mean distance of two draws; it takes N log N operations, since particles are many.

    Laws: `crps` if all weights are equal; a particle of weight 0 has no effect.
    """
    order = jnp.argsort(particles, 0)
    gaps = jnp.diff(jnp.take_along_axis(particles, order, 0), axis=0)
    below = jnp.cumsum(weights[order], 0)[:-1]
    error = weights @ jnp.abs(particles - truth[None])
    return jnp.mean(error - jnp.sum(below * (1 - below) * gaps, 0))


def rank_histogram(
    ensemble: Float[Array, "members numbers"], truth: Float[Array, " numbers"]
) -> Int[Array, " ranks"]:
    """How many numbers of the truth have 0, 1, … N members below them.

    If members equal the truth, it takes the middle of its possible ranks.

    Law: if truth and members are drawn from the same distribution, all N + 1 ranks are equally
    likely.

    Source: T. M. Hamill, Mon. Wea. Rev. 129 (2001),
    doi 10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2.
    """
    below = jnp.sum(ensemble < truth[None], 0)
    not_above = jnp.sum(ensemble <= truth[None], 0)
    return jnp.zeros(len(ensemble) + 1, int).at[(below + not_above) // 2].add(1)
