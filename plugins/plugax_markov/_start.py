"""Random starts: rows are given to states, and the best parameters for that are found."""

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, PRNGKeyArray

# The part of every row that is shared by all states, so that no state begins empty.
SHARED = 0.1


def near_centres(
    key: PRNGKeyArray,
    values: Float[Array, "sequences times columns"],
    observed: Bool[Array, "sequences times columns"],
    states: int,
) -> Float[Array, "sequences times states"]:
    """Weights of rows that are largest for the nearest of some centres, which are rows.

    Each centre is drawn with a probability proportional to the squared distance from those before.

    Source: Arthur and Vassilvitskii 2007, k-means++: the advantages of careful seeding.
    """
    points = values.reshape(-1, values.shape[-1])
    seen = observed.reshape(-1, values.shape[-1]).astype(points.dtype)
    full, some = jnp.all(seen == 1, axis=1), jnp.any(seen == 1, axis=1)
    complete = jnp.where(jnp.any(full), full, some).astype(points.dtype)
    distances = []
    weights = complete
    for one in jr.split(key, states):
        # Where all points are equal, any will do.
        usable = jnp.where(jnp.sum(weights) > 0, weights, complete)
        centre = points[jr.categorical(one, jnp.log(usable))]
        distances.append(jnp.sum(seen * jnp.square(points - centre[None]), axis=1))
        weights = complete * jnp.min(jnp.stack(distances), axis=0)
    nearest = jnp.argmin(jnp.stack(distances, axis=1), axis=1)
    return _shared(nearest, states, values)


def in_segments(
    key: PRNGKeyArray, values: Float[Array, "sequences times columns"], states: int
) -> Float[Array, "sequences times states"]:
    """Weights of rows that are largest for the state of their segment in time.

    Segments are about a fortieth of all rows, and each is given to a random state.
    """
    count = values.shape[0] * values.shape[1]
    length = max(1, count // 40)
    segments = -(-count // length)
    owners = jr.randint(key, (segments,), 0, states)
    return _shared(jnp.repeat(owners, length)[:count], states, values)


def random_weights(
    key: PRNGKeyArray, shape: tuple[int, ...], states: int, dtype: jnp.dtype
) -> Float[Array, "sequences times states"]:
    """Weights of rows, uniformly distributed over all distributions."""
    return jr.dirichlet(key, jnp.ones(states, dtype), shape, dtype)


def _shared(owners: Array, states: int, values: Array) -> Float[Array, "sequences times states"]:
    own = jax.nn.one_hot(owners, states, dtype=values.dtype)
    return ((1 - SHARED) * own + SHARED / states).reshape(*values.shape[:2], states)
