"""The adding problem: what was marked long ago has to be remembered.

    (x₁, 0), …, (xᵢ, 1), …, (xⱼ, 1), …, (x_T, 0)  ↦  xᵢ + xⱼ,   x uniform in [0, 1]

Two of T numbers are marked, one in each half. A model that always answers 1 has the mean squared
error 1/6, the variance of the sum of two such numbers; to have less, it must carry a number over
many steps.

Sources: Hochreiter and Schmidhuber 1997, doi 10.1162/neco.1997.9.8.1735; in this form Le, Jaitly
and Hinton 2015, doi 10.48550/arXiv.1504.00941.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractData, AbstractProblem, PlugaxError

from ._inputs import Inputs
from ._models import ModelName, NetworkShape, check_network
from ._readout import Readout

Examples = tuple[Float[Array, "examples steps 2"], Float[Array, " examples"]]
TESTS, PIECE = 4000, 500


class MarkedNumbers(AbstractData):
    """Examples that are drawn anew at every step, and their sums.

    Arguments:
        steps_of_each: T.
        batch_size: examples in a step.
    """

    steps_of_each: int = eqx.field(static=True)
    batch_size: int = eqx.field(static=True)

    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> PyTree:  # noqa: ARG002
        """Nothing to prepare."""
        return ()

    def next(
        self, cursor: PyTree, key: PRNGKeyArray, step: Int[Array, ""]
    ) -> tuple[Examples, PyTree]:
        """The examples that key and step draw."""
        return draw(jr.fold_in(key, step), self.batch_size, self.steps_of_each), cursor


def draw(key: PRNGKeyArray, examples: int, steps: int) -> Examples:
    """Random examples.

    Arguments:
        key: draws them.
        examples: how many.
        steps: T.
    """
    numbers, first, second = jr.split(key, 3)
    x = jr.uniform(numbers, (examples, steps))
    half = steps // 2
    i = jr.randint(first, (examples, 1), 0, half, "int32")
    j = jr.randint(second, (examples, 1), half, steps, "int32")
    place = jnp.arange(steps, dtype="int32")[None]
    marked = ((place == i) | (place == j)).astype(x.dtype)
    return jnp.stack([x, marked], axis=-1), jnp.sum(x * marked, axis=1)


class AddingProblem(AbstractProblem):
    """Add the two marked ones of T numbers; the loss is the mean squared error.

    Every step draws examples of its own, so there are no epochs and nothing is learned by heart.
    `test_mse` is that of 4000 examples which no step draws; always to answer 1 has 1/6.

    Arguments:
        length: T, the numbers in an example.
        model: lstm, gru, convolution or transformer.
        width: the units or channels of each layer.
        layers: how many there are.
        readout: what the last layer sees of the states: last, mean or max.
        batch_size: examples in a step.

    Errors: `PlugaxError` for sizes that do not exist.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "gradient": {
            "optimizer": {
                "name": "adam",
                "learning_rate": 1e-2,
                "schedule": "cosine",
                "clip_norm": 1.0,
            },
            "steps": 3000,
        }
    }
    scores: ClassVar[tuple[str, ...]] = ("test_mse",)

    drawn: MarkedNumbers
    shape: NetworkShape = eqx.field(static=True)

    def __init__(
        self,
        length: int = 100,
        model: ModelName = "lstm",
        width: int = 64,
        layers: int = 1,
        readout: Readout = "last",
        batch_size: int = 64,
    ):
        check_network(model, width, layers, False, readout, 0.0)
        for name, number, least in (("length", length, 2), ("batch_size", batch_size, 1)):
            if number < least:
                raise PlugaxError(f"{name} is a number of {least} or more; got {number}.")
        self.drawn = MarkedNumbers(length, batch_size)
        self.shape = NetworkShape(model, Inputs(2), 1, width, layers, False, readout, 0.0)

    @property
    def data(self) -> MarkedNumbers:
        """New examples at every step."""
        return self.drawn

    def init(self, key: PRNGKeyArray) -> PyTree:
        """A model with the weights that the key draws."""
        return self.shape(key)

    def loss(
        self,
        unknowns: PyTree,
        batch: Examples,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is dropped
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The mean squared error of a batch."""
        return self._error(unknowns, *batch), {}

    def answers(
        self, unknowns: PyTree, inputs: Float[Array, "examples steps 2"]
    ) -> Float[Array, " examples"]:
        """The sums that a model finds."""
        model = eqx.nn.inference_mode(unknowns)
        dtype = unknowns.last.weight.dtype
        length = jnp.asarray(inputs.shape[1], "int32")
        return jax.vmap(lambda x: model((x, length))[0])(inputs.astype(dtype))

    def _error(
        self,
        unknowns: PyTree,
        inputs: Float[Array, "examples steps 2"],
        sums: Float[Array, " examples"],
    ) -> Float[Array, ""]:
        found = self.answers(unknowns, inputs)
        return jnp.mean(jnp.square(found - sums.astype(found.dtype)))

    def evaluate(self, unknowns: PyTree) -> dict[str, Any]:
        """`test_mse`, of examples that the runs do not draw."""
        # A key that no run has: theirs are split from the seed.
        keys = jr.split(jr.fold_in(jr.key(0), TESTS), TESTS // PIECE)

        def error(key: PRNGKeyArray) -> Float[Array, ""]:
            return self._error(unknowns, *draw(key, PIECE, self.drawn.steps_of_each))

        return {"test_mse": jnp.mean(jax.lax.map(error, keys))}
