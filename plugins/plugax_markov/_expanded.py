"""The chain of the last m + 1 states, if an observation depends on more than the present one.

Its states are the combinations (z_t, z_{t−1}, …, z_{t−m}), numbered with z_t as the most
significant digit. From one, only those follow that contain the same states one place later.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


def combinations(states: int, memory: int) -> Int[np.ndarray, "combinations digits"]:
    """z_t, z_{t−1} … of every combination."""
    shape = (states,) * (memory + 1)
    return np.stack(np.unravel_index(np.arange(states ** (memory + 1)), shape), axis=1)


def expanded_chain(
    initial: Float[Array, " states"], transition: Float[Array, "states states"], memory: int
) -> tuple[Float[Array, " combinations"], Float[Array, "combinations combinations"]]:
    """Initial distribution and transition matrix of the combinations.

    Arguments:
        initial: δ of the earliest state of the first combination.
        transition: A.
        memory: m.
    """
    if not memory:
        return initial, transition
    states = transition.shape[0]
    own = combinations(states, memory)
    first = initial[own[:, -1]]
    for place in range(memory):
        first = first * transition[own[:, place + 1], own[:, place]]
    count = len(own)
    before = np.repeat(np.arange(count), states)
    ahead = np.tile(np.arange(states), count)
    # The earliest digit falls out, the new one comes in front.
    after = ahead * states**memory + before // states
    empty = jnp.zeros((count, count), transition.dtype)
    return first, empty.at[before, after].set(transition[own[before, 0], ahead])


def predict_combinations(
    filtered: Float[Array, " combinations"], transition: Float[Array, "states states"], memory: int
) -> Float[Array, " combinations"]:
    """The distribution of the next combination: the product with its matrix, without the zeros.

    Arguments:
        filtered: the distribution of the present combination.
        transition: A.
        memory: m, at least 1.
    """
    states = transition.shape[0]
    kept = jnp.sum(filtered.reshape(-1, states), axis=1).reshape(states, states ** (memory - 1))
    return jnp.ravel(transition.T[:, :, None] * kept[None])


def present(
    probabilities: Float[Array, "*rows combinations"], states: int
) -> Float[Array, "*rows states"]:
    """The distribution of z_t from that of the combinations."""
    return jnp.sum(probabilities.reshape(*probabilities.shape[:-1], states, -1), axis=-1)
