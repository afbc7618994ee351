"""A model that learns from sequences in buckets."""

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax_supervised import AbstractSupervised, Examples

from ._buckets import Buckets
from ._trimmed import trimmed

# The rate falls along a cosine that ends with the run; a long sequence can give a long gradient.
RECIPES = {
    "gradient": {
        "optimizer": {
            "name": "adamw",
            "learning_rate": 5e-3,
            "weight_decay": 1e-2,
            "schedule": "cosine",
            "clip_norm": 1.0,
        },
        "epochs": 60,
        "evaluate_every": "epoch",
    }
}


class AbstractSequences(AbstractSupervised):
    """Find the weights of a model of sequences for which the loss of examples is least.

    - `train`: the training part, in batches of similar length.
    """

    train: eqx.AbstractVar[Buckets]  # pyright: ignore[reportIncompatibleVariableOverride]

    def loss(
        self, unknowns: PyTree, batch: Examples, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The loss of a batch, computed as far as its longest sequence needs."""
        return trimmed(self.measured, self.train.longest, unknowns, batch, key)
