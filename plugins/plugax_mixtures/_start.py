"""Starts: some rows as means, and the spread about them as the covariance of every component.

k-means++ draws the first mean among all rows, and every other one with a probability proportional
to the squared distance of a row from the nearest mean so far.

Source: Arthur and Vassilvitskii 2007, k-means++: the advantages of careful seeding.
"""

import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, Int, PRNGKeyArray

# Added to the spread about the means, in units of that of all rows.
LEAST_SPREAD = 0.01


def drawn_means(
    key: PRNGKeyArray, z: Float[Array, "axes rows"], components: int, *, spread: bool
) -> Float[Array, "components axes"]:
    """Rows that are to be means.

    Arguments:
        key: draws them.
        z: the standardised data.
        components: how many.
        spread: whether to draw as k-means++ does; if not, all rows are equally likely.
    """
    if not spread:
        chosen = jr.choice(key, jnp.arange(z.shape[1], dtype="int32"), (components,), replace=False)
        return z[:, chosen].T
    keys = jr.split(key, components)
    first = z[:, jr.randint(keys[0], (), 0, z.shape[1], "int32")]

    def draw(number: Int[Array, ""], carry: tuple[Array, Array]) -> tuple[Array, Array]:
        means, nearest = carry
        sums = jnp.cumsum(nearest)
        place = jr.uniform(keys[number], (), z.dtype) * sums[-1]
        row = jnp.minimum(jnp.searchsorted(sums, place, side="right"), z.shape[1] - 1)
        mean = z[:, row]
        return means.at[number].set(mean), jnp.minimum(nearest, _squares(z, mean))

    means = jnp.zeros((components, z.shape[0]), z.dtype).at[0].set(first)
    return lax.fori_loop(1, components, draw, (means, _squares(z, first)))[0]


def start_about(
    means: Float[Array, "components axes"], z: Float[Array, "axes rows"]
) -> tuple[Float[Array, " components"], Float[Array, "axes axes"]]:
    """The weights of components, and one covariance for all, if every row is of the nearest mean.

    Arguments:
        means: of the components.
        z: the standardised data.
    """

    def compare(number: Int[Array, ""], carry: tuple[Array, Array]) -> tuple[Array, Array]:
        nearest, least = carry
        squares = _squares(z, means[number])
        closer = squares < least
        return jnp.where(closer, number, nearest), jnp.where(closer, squares, least)

    nowhere = jnp.zeros(z.shape[1], "int32"), jnp.full(z.shape[1], jnp.inf, z.dtype)
    nearest, _ = lax.fori_loop(0, len(means), compare, nowhere)
    counts = jnp.zeros(len(means), z.dtype).at[nearest].add(1)
    sums = jnp.zeros_like(means).at[nearest].add(z.T)
    about = z - (sums / jnp.maximum(counts, 1)[:, None])[nearest].T
    within = jnp.matmul(about, about.T, precision="highest") / z.shape[1]
    weights = (counts + 1) / (z.shape[1] + len(means))
    return weights, within + LEAST_SPREAD * jnp.eye(len(z), dtype=z.dtype)


def _squares(z: Float[Array, "axes rows"], mean: Float[Array, " axes"]) -> Float[Array, " rows"]:
    return jnp.sum(jnp.square(z - mean[:, None]), axis=0)
