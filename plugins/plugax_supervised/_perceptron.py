"""Layers of sums with dropout: y = Wₙ d(σ(… d(σ(W₁ x + b₁)) …)) + bₙ."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from plugax import PlugaxError

Activation = Literal["relu", "gelu", "silu", "tanh"]
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": jax.nn.relu,
    "gelu": jax.nn.gelu,
    "silu": jax.nn.silu,
    "tanh": jax.numpy.tanh,
}


class Perceptron(eqx.Module):
    """A multi-layer perceptron; without hidden layers it is a linear model.

    Weights and biases start uniform in ±1/√n, n the inputs of their layer. In training, dropout d
    makes a unit 0 with probability p, and divides it by 1 − p otherwise.

    Arguments:
        shape: its sizes.
        key: draws the weights.

    Source, for dropout: Srivastava and others 2014, jmlr.org/papers/v15/srivastava14a.html.
    """

    layers: tuple[eqx.nn.Linear, ...]
    dropout: eqx.nn.Dropout
    activation: str = eqx.field(static=True)

    def __init__(self, shape: "PerceptronShape", key: PRNGKeyArray):
        sizes = (shape.inputs, *shape.hidden)
        keys = jr.split(key, len(sizes))
        ends = (*sizes[1:], shape.outputs)
        self.layers = tuple(
            eqx.nn.Linear(n, m, key=k) for n, m, k in zip(sizes, ends, keys, strict=True)
        )
        self.dropout = eqx.nn.Dropout(shape.dropout)
        self.activation = shape.activation

    def __call__(
        self, x: Float[Array, " inputs"], key: PRNGKeyArray | None = None
    ) -> Float[Array, "..."]:
        """The output for one example; a number if the shape has the output `"scalar"`.

        Arguments:
            x: the inputs.
            key: draws which units are dropped; not needed in inference mode.
        """
        keys = [None] * len(self.layers) if key is None else jr.split(key, len(self.layers))
        for layer, own in zip(self.layers[:-1], keys[:-1], strict=True):
            x = self.dropout(ACTIVATIONS[self.activation](layer(x)), key=own)
        return self.layers[-1](x)


class PerceptronShape(NamedTuple):
    """The sizes of a perceptron, which makes it from a key.

    Attributes:
        inputs: how many there are.
        outputs: how many there are, or `"scalar"`.
        hidden: the number of units of each hidden layer.
        activation: σ.
        dropout: p.
    """

    inputs: int
    outputs: int | Literal["scalar"]
    hidden: tuple[int, ...]
    activation: str
    dropout: float

    def __call__(self, key: PRNGKeyArray) -> Perceptron:
        """A perceptron with the weights that a key draws."""
        return Perceptron(self, key)


def check_shape(hidden: tuple[int, ...], activation: str, dropout: float) -> None:
    """Raise for sizes that no perceptron has."""
    if any(units < 1 for units in hidden):
        raise PlugaxError(f"hidden holds the units of each layer, 1 or more; got {hidden}.")
    if activation not in ACTIVATIONS:
        raise PlugaxError(f"activation is one of {', '.join(ACTIVATIONS)}; got {activation!r}.")
    if not 0 <= dropout < 1:
        raise PlugaxError(f"dropout is a probability from 0 to below 1; got {dropout}.")
