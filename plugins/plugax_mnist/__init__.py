"""Pictures of digits and of clothes: MNIST and Fashion-MNIST, with models that learn them.

Importing this package imports no JAX: what it brings is imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


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
