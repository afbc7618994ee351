"""Classification of pictures, by the cross-entropy of their classes."""

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree, UInt8

from plugax import AbstractProblem, AbstractStatefulProblem, PlugaxError, Shuffled
from plugax.losses import CrossEntropy
from plugax_augmentation import Augmentation, Mixup, augment, read_augmentations
from plugax_supervised import in_pieces, make_unknowns

from ._classifier import dtype_of, logits_and_state, logits_of
from ._dataset import load
from ._evaluation import accuracy_of, merits_of
from ._models import Factory, ModelName, check_model, factory_of, has_state

Batch = tuple[UInt8[Array, "examples 28 28"], UInt8[Array, " examples"]]

# Small enough for the memory that a population of convolutional networks takes, large enough for
# the matrix products.
PIECE = 250
WHITE = 255


class AbstractImageClassification(AbstractProblem):
    """Find the weights of a model that predicts the class of a picture.

    With logits z(x) of the K classes, the loss of a batch is the mean cross-entropy

        L = −(1/n) Σᵢ log softmax(z(xᵢ))[yᵢ]

    where x is a picture minus the mean of all training pixels, divided by their standard deviation.
    The pictures stay bytes on the device; a batch is normalised in its own step, after it has been
    augmented.

    A subclass defines the name of the data set, `source`. Its arguments are those of `mnist`.

    Errors: those of `plugax_mnist.load` if the files are missing or damaged; `ValueError` for an
    invalid model, batch size, or strength of an augmentation; `PlugaxError` for a model that does
    not return a logit for each class, or has a state where none can be carried.
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
    augmentations: tuple[Augmentation, ...]
    mixup: Mixup | None
    measure: CrossEntropy
    classes: tuple[str, ...] = eqx.field(static=True)
    factory: Factory = eqx.field(static=True)
    mean: float = eqx.field(static=True)
    deviation: float = eqx.field(static=True)

    def __init__(
        self,
        model: ModelName | Factory = "mlp",
        batch_size: int = 128,
        data: str | os.PathLike[str] | None = None,
        augment: tuple[str, ...] | tuple[Augmentation, ...] = (),
        mixup: float | None = None,
        label_smoothing: float = 0.0,
    ):
        self.factory = factory_of(model)
        stateful = has_state(self.factory)
        if stateful != isinstance(self, AbstractStatefulProblem):
            raise PlugaxError(
                f"{type(self).__name__} is not for this model, which has "
                f"{'a state' if stateful else 'no state'}. plugax_mnist.mnist and fashion_mnist, "
                "or px.problem('mnist', …), choose what fits the model."
            )
        self.augmentations = read_augmentations(augment)
        self.mixup = None if mixup is None else Mixup(mixup)
        self.measure = CrossEntropy(label_smoothing=label_smoothing)
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
        """A model with the weights that the key draws, a `Stateful` if it has a state."""
        return make_unknowns(self.factory, key)

    def measured(
        self, unknowns: PyTree, batch: Batch, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Array], PyTree]:
        """The loss of a batch, the share `accuracy` it has right, and the next state or None.

        Of mixed pictures both are means over the two classes, by their shares.
        """
        images, labels = batch
        dtype = dtype_of(unknowns)
        if self.augmentations:
            key, own = jr.split(key)
            pictures = augment(self.augmentations, images.astype(dtype) / WHITE, own)
            inputs = self._standardised(WHITE * pictures)
        else:
            inputs = self.normalised(images, dtype)
        mixed = lambda figures: figures(labels)  # noqa: E731
        if self.mixup is not None:
            key, own = jr.split(key)
            inputs, mixed = self.mixup(inputs, labels, own)
        logits, state = logits_and_state(unknowns, inputs, key)
        loss, accuracy = mixed(lambda y: (self.measure(logits, y), accuracy_of(logits, y)))
        return loss, {"accuracy": accuracy}, state

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
        return self._standardised(images.astype(dtype))

    def _standardised(
        self, values: Float[Array, "examples 28 28"]
    ) -> Float[Array, "examples 28 28"]:
        """The same of grey values from 0 to 255."""
        return (values - self.mean) * (1 / self.deviation)


def moments_of(images: UInt8[np.ndarray, "examples 28 28"]) -> tuple[float, float]:
    """Exact mean and standard deviation of all pixels; the latter is 1 if all are equal."""
    counts = np.bincount(images.reshape(-1), minlength=256)
    values = np.arange(256)
    mean = float(values @ counts) / images.size
    return mean, float(np.sqrt((values - mean) ** 2 @ counts / images.size)) or 1.0
