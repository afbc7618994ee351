"""From the option `model` to the function that makes the model."""

import inspect
from collections.abc import Callable
from typing import Any, Literal

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray, PyTree

from plugax import PlugaxError

from ._classifier import dtype_of, logits_of
from ._convolutional import ConvolutionalNetwork
from ._perceptron import linear, mlp
from ._row_by_row import RowByRow

ModelName = Literal["linear", "mlp", "cnn", "lstm"]
Factory = Callable[..., Any]

MODELS: dict[str, Factory] = {
    "linear": linear,
    "mlp": mlp,
    "cnn": ConvolutionalNetwork,
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


def make(factory: Factory, key: PRNGKeyArray) -> PyTree:
    """The model with the weights that a key draws.

    Arguments:
        factory: a function or a class with an argument `key`, or with one argument of any name.
        key: draws the weights.
    """
    takes = inspect.signature(factory).parameters
    return factory(key=key) if "key" in takes else factory(key)


def check_model(factory: Factory, classes: int) -> None:
    """Raise if a model does not fit these pictures; this is checked from shapes alone.

    Errors: `PlugaxError`, with what the model returns, and what it should return.
    """

    def shapes(key: PRNGKeyArray) -> PyTree:
        model = make(factory, key)
        if not jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array)):
            raise PlugaxError(
                "A model needs floating-point weights, arrays in an eqx.Module or another pytree; "
                f"this {type(model).__name__} has none."
            )
        images = jax.numpy.zeros((2, 28, 28), dtype_of(model))
        return logits_of(model, images, key)

    logits = eqx.filter_eval_shape(shapes, jax.random.key(0))
    if getattr(logits, "shape", None) != (2, classes):
        found = getattr(logits, "shape", ("no", "array"))[1:]
        raise PlugaxError(
            f"A model must return {classes} logits for a picture of shape (1, 28, 28), shape "
            f"({classes},); this one returns shape {found}."
        )
