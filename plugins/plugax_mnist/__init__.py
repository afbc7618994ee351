"""Pictures of digits and of clothes: MNIST and Fashion-MNIST, with models to classify them.

Importing this package does not import JAX: the problems are imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


@hookimpl
def register_problems(register):
    """Register MNIST and Fashion-MNIST."""
    register(
        "mnist",
        "plugax_mnist._mnist:mnist",
        summary="Handwritten digits: linear models, perceptrons, convolutional networks, or yours",
    )
    register(
        "fashion-mnist",
        "plugax_mnist._mnist:fashion_mnist",
        summary="Pictures of clothes in the format of MNIST, and harder to classify",
    )
