"""From the option `model` to the function that makes the model."""

from collections.abc import Callable
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray, PyTree

from plugax import PlugaxError, Stateful
from plugax_supervised import make_unknowns

from ._classifier import dtype_of, logits_and_state
from ._convolutional import ConvolutionalNetwork
from ._lenet import LeNet5
from ._normalised import normalised
from ._perceptron import linear, mlp, mlp_300
from ._row_by_row import RowByRow

Factory = Callable[..., Any]
ModelName = Literal["linear", "mlp-300", "mlp", "lenet-5", "cnn", "cnn-bn", "lstm"]

MODELS: dict[str, Factory] = {
    "linear": linear,
    "mlp-300": mlp_300,
    "mlp": mlp,
    "lenet-5": LeNet5,
    "cnn": ConvolutionalNetwork,
    "cnn-bn": normalised,
    "lstm": RowByRow,
}


def factory_of(model: str | Factory) -> Factory:
    """The function that makes a model from a key.

    Errors: `ValueError` for an unknown name.
    """
    if callable(model):
        return model
    if model not in MODELS:
        raise ValueError(
            f"model must be one of {', '.join(MODELS)}, or a function that makes a model from a "
            f"random key; got {model!r}."
        )
    return MODELS[model]


def has_state(factory: Factory) -> bool:
    """Whether it makes a pair of a model and its state; this is found from shapes alone."""
    made = eqx.filter_eval_shape(lambda key: make_unknowns(factory, key), jax.random.key(0))
    return isinstance(made, Stateful)


def check_model(factory: Factory, classes: int) -> None:
    """Raise if a model does not fit these pictures; this is checked from shapes alone.

    Errors: `PlugaxError`, with what the model returns, and what it should return.
    """

    def shapes(key: PRNGKeyArray) -> PyTree:
        unknowns = make_unknowns(factory, key)
        images = jnp.zeros((2, 28, 28), dtype_of(unknowns))
        return logits_and_state(unknowns, images, key)[0]

    logits = eqx.filter_eval_shape(shapes, jax.random.key(0))
    if getattr(logits, "shape", None) != (2, classes):
        found = getattr(logits, "shape", ("no", "array"))[1:]
        raise PlugaxError(
            f"A model must return {classes} logits for a picture of shape (1, 28, 28), shape "
            f"({classes},); this one returns shape {found}."
        )
