"""The first layer of every network: numbers as they are, tokens as vectors that are learned."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.random as jr
from jaxtyping import Array, Float, Int, PRNGKeyArray


class Inputs(NamedTuple):
    """What the values of a sequence are.

    Attributes:
        size: the number of features, or of different tokens.
        tokens: whether they are tokens, 0 to `size` − 1.
    """

    size: int
    tokens: bool = False


class Embedding(eqx.Module):
    """A vector for every token, drawn from a normal distribution.

    The vectors are picked by a product with zeros and ones: on a CPU, its gradient is quicker than
    that of an index.

    Arguments:
        tokens: how many there are.
        width: the size of the vectors.
        key: draws them.
    """

    weight: Float[Array, "tokens width"]

    def __init__(self, tokens: int, width: int, key: PRNGKeyArray):
        self.weight = jr.normal(key, (tokens, width))

    def __call__(self, tokens: Int[Array, " steps"]) -> Float[Array, "steps width"]:
        """The vector of each token; zeros for one that does not exist."""
        return jax.nn.one_hot(tokens, len(self.weight), dtype=self.weight.dtype) @ self.weight


class Lift(eqx.Module):
    """From values to vectors of a width: W x + b of numbers, the embedding of tokens.

    Arguments:
        inputs: what the values are.
        width: the size of the vectors.
        key: draws the weights.
    """

    layer: eqx.nn.Linear | Embedding

    def __init__(self, inputs: Inputs, width: int, key: PRNGKeyArray):
        kind = Embedding if inputs.tokens else eqx.nn.Linear
        self.layer = kind(inputs.size, width, key=key)

    def __call__(
        self, values: Float[Array, "steps features"] | Int[Array, " steps"]
    ) -> Float[Array, "steps width"]:
        """A vector for every step."""
        if isinstance(self.layer, Embedding):
            return self.layer(values)
        return jax.vmap(self.layer)(values)
