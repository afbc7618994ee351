"""Starts: groups of rows about centres, with the shares, means and covariances of the groups.

k-means++ draws the first centre among all rows, and every other one with a probability proportional
to the squared distance of a row from the nearest centre so far; ten steps of k-means follow, each
of which moves every centre to the mean of the rows that are nearest to it. On data with clear
groups all such starts are alike, so others have centres that are drawn among all rows, and stay.
Distances are of columns in units of their standard deviations. The covariance of a group is moved
towards the mean of all,

    (Σ_group y yᵀ + (d + 1) W)/(n_group + d + 1),    W = Σ y yᵀ/n + I/100,

so that none is singular.

Source: Arthur and Vassilvitskii 2007, k-means++: the advantages of careful seeding.
"""

from typing import NamedTuple

import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

LEAST_SPREAD = 0.01
MOVES = 10


class Groups(NamedTuple):
    """Components to start from, of standardised data."""

    weights: Float[Array, " components"]
    means: Float[Array, "components axes"]
    covariances: Float[Array, "components axes axes"]


def drawn_groups(
    key: PRNGKeyArray,
    z: Float[Array, "axes rows"],
    scaled: Float[Array, "axes rows"],
    components: int,
    *,
    kind: str,
) -> Groups:
    """Groups of rows.

    Arguments:
        key: draws their first centres.
        z: the standardised data.
        scaled: the data in which distances are measured.
        components: how many.
        kind: `k-means`, `random` or, for one or the other as the key says, `mixed`.
    """
    which, draw = jr.split(key)
    known = {"k-means": True, "random": False}
    k_means = jnp.asarray(known[kind]) if kind in known else jr.bernoulli(which)
    centres = _seeds(draw, scaled, components, k_means)
    move = lambda _, centres: _means(scaled, _nearest(scaled, centres), centres)  # noqa: E731
    centres = lax.fori_loop(0, jnp.where(k_means, MOVES, 0), move, centres)
    nearest = _nearest(scaled, centres)
    means = _means(z, nearest, jnp.zeros_like(centres))
    counts = jnp.zeros(components, z.dtype).at[nearest].add(1)
    about = z - means[nearest].T

    def squares(own: Float[Array, " rows"]) -> Float[Array, "axes axes"]:
        return jnp.matmul(about * own[None], about.T, precision="highest")

    own = jnp.arange(components, dtype="int32")
    sums = lax.map(lambda k: squares((nearest == k).astype(z.dtype)), own)
    extra = len(z) + 1
    within = jnp.sum(sums, axis=0) / z.shape[1] + LEAST_SPREAD * jnp.eye(len(z), dtype=z.dtype)
    covariances = (sums + extra * within[None]) / (counts + extra)[:, None, None]
    return Groups((counts + 1) / (z.shape[1] + components), means, covariances)


def _seeds(
    key: PRNGKeyArray,
    scaled: Float[Array, "axes rows"],
    components: int,
    spread: Bool[Array, ""],
) -> Float[Array, "components axes"]:
    """Different rows, drawn as k-means++ does if they are to be spread."""
    keys = jr.split(key, components)
    first = scaled[:, jr.randint(keys[0], (), 0, scaled.shape[1], "int32")]

    def draw(number: Int[Array, ""], carry: tuple[Array, Array]) -> tuple[Array, Array]:
        centres, least = carry
        chances = jnp.where(spread, least, (least > 0).astype(least.dtype))
        sums = jnp.cumsum(chances)
        place = jr.uniform(keys[number], (), scaled.dtype) * sums[-1]
        row = jnp.minimum(jnp.searchsorted(sums, place, side="right"), scaled.shape[1] - 1)
        centre = scaled[:, row]
        return centres.at[number].set(centre), jnp.minimum(least, _squares(scaled, centre))

    centres = jnp.zeros((components, len(scaled)), scaled.dtype).at[0].set(first)
    return lax.fori_loop(1, components, draw, (centres, _squares(scaled, first)))[0]


def _nearest(
    scaled: Float[Array, "axes rows"], centres: Float[Array, "components axes"]
) -> Int[Array, " rows"]:
    """The number of the centre that is nearest to each row."""

    def compare(number: Int[Array, ""], carry: tuple[Array, Array]) -> tuple[Array, Array]:
        nearest, least = carry
        squares = _squares(scaled, centres[number])
        closer = squares < least
        return jnp.where(closer, number, nearest), jnp.where(closer, squares, least)

    rows = scaled.shape[1]
    nowhere = jnp.zeros(rows, "int32"), jnp.full(rows, jnp.inf, scaled.dtype)
    return lax.fori_loop(0, len(centres), compare, nowhere)[0]


def _means(
    rows: Float[Array, "axes rows"],
    nearest: Int[Array, " rows"],
    otherwise: Float[Array, "components axes"],
) -> Float[Array, "components axes"]:
    """The mean of every group; of a group without rows what is given."""
    counts = jnp.zeros(len(otherwise), rows.dtype).at[nearest].add(1)
    sums = jnp.zeros_like(otherwise).at[nearest].add(rows.T)
    filled = counts[:, None] > 0
    return jnp.where(filled, sums / jnp.where(filled, counts[:, None], 1), otherwise)


def _squares(rows: Float[Array, "axes rows"], centre: Float[Array, " axes"]) -> Array:
    return jnp.sum(jnp.square(rows - centre[:, None]), axis=0)
