"""Pictures of digits and of clothes: MNIST and Fashion-MNIST, with models that learn them.

Importing this package imports no JAX: what it brings is imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

from plugax import hookimpl

if TYPE_CHECKING:
    from ._classifier import AbstractClassifier as AbstractClassifier
    from ._convolution import convolve as convolve
    from ._convolutional import ConvolutionalNetwork as ConvolutionalNetwork
    from ._dataset import Dataset as Dataset
    from ._dataset import load as load
    from ._image_classification import AbstractImageClassification as AbstractImageClassification
    from ._mnist import FashionMnist as FashionMnist
    from ._mnist import Mnist as Mnist
    from ._perceptron import Perceptron as Perceptron
    from ._pooling import max_pool as max_pool

_MODULE_OF = {
    "AbstractClassifier": "_classifier",
    "AbstractImageClassification": "_image_classification",
    "ConvolutionalNetwork": "_convolutional",
    "Dataset": "_dataset",
    "FashionMnist": "_mnist",
    "Mnist": "_mnist",
    "Perceptron": "_perceptron",
    "convolve": "_convolution",
    "load": "_dataset",
    "max_pool": "_pooling",
}
__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll] - lazy, and tested


@hookimpl
def register_problems(register):
    """Bring MNIST and Fashion-MNIST."""
    register(
        "mnist",
        "plugax_mnist._mnist:Mnist",
        summary="Handwritten digits: linear model, perceptron, convolutional network, or yours",
    )
    register(
        "fashion-mnist",
        "plugax_mnist._mnist:FashionMnist",
        summary="Pictures of clothes in the format of MNIST, and harder to tell apart",
    )


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value
