"""Classification of pictures, by the cross-entropy of their classes."""

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree, UInt8

from plugax import AbstractProblem, Shuffled
from plugax.losses import CrossEntropy

from ._classifier import dtype_of, logits_of
from ._dataset import load
from ._evaluation import accuracy_of, in_pieces, merits_of
from ._models import Factory, ModelName, check_model, factory_of, make

Batch = tuple[UInt8[Array, "examples 28 28"], UInt8[Array, " examples"]]

# Small enough for the memory that a population of convolutional networks takes, large enough for
# the matrix products.
PIECE = 250


class AbstractImageClassification(AbstractProblem):
    """Find the weights of a model that predicts the class of a picture.

    With logits z(x) of the K classes, the loss of a batch is the mean cross-entropy

        L = −(1/n) Σᵢ log softmax(z(xᵢ))[yᵢ]

    where x is a picture minus the mean of all training pixels, divided by their standard deviation.
    The pictures stay bytes on the device; a batch is normalised in its own step.

    A subclass defines the name of the data set, `source`.

    Arguments:
        model: `linear`, `mlp` (784-512-512-10), `cnn`, or `lstm`, which reads row by row; or, from
            Python, a function or class that makes a model of yours from a random key.
        batch_size: pictures in a step.
        data: the directory of the four files; by default they are searched for, and downloaded if
            they are not found.

    Errors: those of `plugax_mnist.load` if the files are missing or damaged; `ValueError` for an
    invalid model or batch size; `PlugaxError` for a model that does not return a logit for each
    class.
    """

    source: ClassVar[str]
    figures_from: ClassVar = "plugax_mnist._figures:figures_of"
    # The rate falls along a cosine that ends with the run.
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "gradient": {
            "optimizer": {"name": "adam", "learning_rate": 1e-3, "schedule": "cosine"},
            "epochs": 10,
            "evaluate_every": "epoch",
        }
    }

    train: Shuffled
    test_images: UInt8[Array, "test 28 28"]
    test_labels: UInt8[Array, " test"]
    classes: tuple[str, ...] = eqx.field(static=True)
    factory: Factory = eqx.field(static=True)
    mean: float = eqx.field(static=True)
    deviation: float = eqx.field(static=True)

    def __init__(
        self,
        model: ModelName | Factory = "mlp",
        batch_size: int = 128,
        data: str | os.PathLike[str] | None = None,
    ):
        self.factory = factory_of(model)
        dataset = load(self.source, data)
        self.classes = dataset.labels
        check_model(self.factory, len(self.classes))
        self.train = Shuffled((dataset.train_images, dataset.train_labels), batch_size)
        self.test_images = jnp.asarray(dataset.test_images)
        self.test_labels = jnp.asarray(dataset.test_labels)
        self.mean, self.deviation = moments_of(dataset.train_images)

    @property
    def data(self) -> Shuffled:
        """The training pictures, in minibatches."""
        return self.train

    def init(self, key: PRNGKeyArray) -> PyTree:
        """A model with the weights that the key draws."""
        return make(self.factory, key)

    def loss(
        self, unknowns: PyTree, batch: Batch, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The mean cross-entropy of a batch; the metric `accuracy` is the share it has right."""
        images, labels = batch
        logits = logits_of(unknowns, self.normalised(images, dtype_of(unknowns)), key)
        return CrossEntropy()(logits, labels), {"accuracy": accuracy_of(logits, labels)}

    def evaluate(self, unknowns: PyTree) -> dict[str, Any]:
        """The results of the model on the test set, which was not used for training.

        `test_accuracy`, `test_loss`, and `confusion`: how many pictures of each class (rows) were
        assigned to each class (columns).
        """
        return merits_of(self.test_logits(unknowns), self.test_labels)

    def test_logits(self, unknowns: PyTree) -> Float[Array, "test classes"]:
        """The logits of the test pictures."""
        dtype = dtype_of(unknowns)
        return in_pieces(
            lambda images: logits_of(unknowns, self.normalised(images, dtype)),
            self.test_images,
            PIECE,
        )

    def normalised(
        self, images: UInt8[Array, "examples 28 28"], dtype: jnp.dtype
    ) -> Float[Array, "examples 28 28"]:
        """The input of the models: mean 0 and standard deviation 1 over the training set.

        Arguments:
            images: the pictures as bytes.
            dtype: dtype of the result.
        """
        return (images.astype(dtype) - self.mean) * (1 / self.deviation)


def moments_of(images: UInt8[np.ndarray, "examples 28 28"]) -> tuple[float, float]:
    """Exact mean and standard deviation of all pixels; the latter is 1 if all are equal."""
    counts = np.bincount(images.reshape(-1), minlength=256)
    values = np.arange(256)
    mean = float(values @ counts) / images.size
    return mean, float(np.sqrt((values - mean) ** 2 @ counts / images.size)) or 1.0
