"""The two data sets that are known by name."""

import os
from typing import Any, ClassVar

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractStatefulProblem, Stateful
from plugax_augmentation import Augmentation

from ._image_classification import AbstractImageClassification, Batch
from ._models import Factory, ModelName, factory_of, has_state


class AbstractPlain(AbstractImageClassification):
    """Pictures for models without a state."""

    def loss(
        self, unknowns: PyTree, batch: Batch, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The loss of a batch; the metric `accuracy` is the share it has right."""
        return self.measured(unknowns, batch, key)[:2]


class AbstractWithState(AbstractImageClassification, AbstractStatefulProblem):
    """Pictures for models with a state, such as that of batch normalisation."""

    def stateful_loss(
        self, unknowns: Stateful, batch: Batch, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Array], PyTree]:
        """The loss of a batch, the metric `accuracy`, and the state after it."""
        return self.measured(unknowns, batch, key)


class Mnist(AbstractPlain):
    """Handwritten digits, by a model without a state; `mnist` makes this problem.

    Source: LeCun, Bottou, Bengio and Haffner 1998, doi 10.1109/5.726791.
    """

    source: ClassVar[str] = "mnist"


class StatefulMnist(AbstractWithState):
    """Handwritten digits, by a model with a state; `mnist` makes this problem."""

    source: ClassVar[str] = "mnist"


class FashionMnist(AbstractPlain):
    """Pictures of clothes, by a model without a state; `fashion_mnist` makes this problem.

    Source: Xiao, Rasul and Vollgraf 2017, doi 10.48550/arXiv.1708.07747.
    """

    source: ClassVar[str] = "fashion-mnist"


class StatefulFashionMnist(AbstractWithState):
    """Pictures of clothes, by a model with a state; `fashion_mnist` makes this problem."""

    source: ClassVar[str] = "fashion-mnist"


def mnist(
    model: ModelName | Factory = "mlp",
    batch_size: int = 128,
    data: str | os.PathLike[str] | None = None,
    augment: tuple[str, ...] | tuple[Augmentation, ...] = (),
    mixup: float | None = None,
    label_smoothing: float = 0.0,
) -> AbstractImageClassification:
    """Tell handwritten digits apart: 60 000 pictures to learn from, 10 000 to be judged by.

    Arguments:
        model: what learns; mlp-300 and lenet-5 are those of 1998, mlp is the perceptron
            784-512-512-10, cnn a small convolutional network, cnn-bn one with batch normalisation,
            lstm reads row by row. From Python also a function or class that makes a model of yours
            from a random key; with a state, the pair of both.
        batch_size: pictures in a step.
        data: the directory of the four files; by default they are searched for, and downloaded if
            they are not found.
        augment: how pictures are changed at random in training, such as shift=2,rotate=10; there
            are shift, rotate, scale, crop, noise and cutout. In Python also functions
            (picture, key) -> picture, of grey values from 0 to 1.
        mixup: α, if pictures and classes are mixed in pairs, with shares from the distribution
            Beta(α, α).
        label_smoothing: the part of a label that is spread over all classes in training.

    Errors: those of the class.

    Source: LeCun, Bottou, Bengio and Haffner 1998, doi 10.1109/5.726791.
    """
    options = model, batch_size, data, augment, mixup, label_smoothing
    return _fitting(Mnist, StatefulMnist, options)


def fashion_mnist(
    model: ModelName | Factory = "mlp",
    batch_size: int = 128,
    data: str | os.PathLike[str] | None = None,
    augment: tuple[str, ...] | tuple[Augmentation, ...] = (),
    mixup: float | None = None,
    label_smoothing: float = 0.0,
) -> AbstractImageClassification:
    """Tell clothes apart in pictures of the size and number of MNIST's.

    Arguments:
        model: what learns, as for mnist; from Python also a function or class that makes a model of
            yours from a random key.
        batch_size: pictures in a step.
        data: the directory of the four files; by default they are searched for, and downloaded if
            they are not found.
        augment: how pictures are changed at random in training, such as shift=2,scale=0.1.
        mixup: α, if pictures and classes are mixed in pairs, with shares from the distribution
            Beta(α, α).
        label_smoothing: the part of a label that is spread over all classes in training.

    Errors: those of the class.

    Source: Xiao, Rasul and Vollgraf 2017, doi 10.48550/arXiv.1708.07747.
    """
    options = model, batch_size, data, augment, mixup, label_smoothing
    return _fitting(FashionMnist, StatefulFashionMnist, options)


def _fitting(
    plain: type[AbstractPlain], stateful: type[AbstractWithState], options: tuple[Any, ...]
) -> AbstractImageClassification:
    return (stateful if has_state(factory_of(options[0])) else plain)(*options)
