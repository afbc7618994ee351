"""What outputs of a model mean, which its loss decides: classes, numbers, or neither.

`CrossEntropy` makes the outputs logits of classes, and `BinaryCrossEntropy` makes each of them the
log-odds of class 1: the logits of its two classes are 0 and z. The losses of a difference, and the
Gaussian one, are about numbers.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from plugax.losses import (
    AbsoluteError,
    AbstractLoss,
    BinaryCrossEntropy,
    CrossEntropy,
    GaussianNegativeLogLikelihood,
    Huber,
    SquaredError,
)

from ._metrics import Kind

USUAL: dict[Kind | None, tuple[str, ...]] = {
    "classes": ("accuracy",),
    "numbers": ("rmse", "r2"),
    None: (),
}
"""The metrics of each kind if the user names none."""


def kind_of(measure: AbstractLoss, targets: Array | np.ndarray) -> Kind | None:
    """What a loss is about, given the targets; None if only the loss itself knows."""
    if isinstance(measure, BinaryCrossEntropy):
        return "classes"
    if isinstance(measure, CrossEntropy):
        labels = jnp.issubdtype(targets.dtype, jnp.integer) and targets.ndim == 1
        return "classes" if labels else None
    known = SquaredError, AbsoluteError, Huber, GaussianNegativeLogLikelihood
    return "numbers" if isinstance(measure, known) else None


def judged(
    measure: AbstractLoss, outputs: PyTree, targets: Array, weights: Float[Array, " examples"]
) -> tuple[Array, Array, Float[Array, " examples"]]:
    """Outputs, targets and weights in the form that metrics take."""
    if isinstance(measure, CrossEntropy):
        return outputs, targets.astype("int32"), weights
    if isinstance(measure, BinaryCrossEntropy):
        each = outputs[0].size  # labels of one example that do not exclude each other
        return (
            binary_logits(outputs.reshape(-1)),
            targets.reshape(-1).astype("int32"),
            jnp.repeat(weights, each),
        )
    predictions = outputs[0] if isinstance(measure, GaussianNegativeLogLikelihood) else outputs
    shape = (len(targets), -1)
    return predictions.reshape(shape), targets.reshape(shape).astype(predictions.dtype), weights


def binary_logits(z: Float[Array, "..."]) -> Float[Array, "... 2"]:
    """The logits 0 and z of the two classes."""
    return jnp.stack([jnp.zeros_like(z), z], axis=-1)


def answers(measure: AbstractLoss, outputs: PyTree) -> PyTree:
    """The classes with the largest logits, or the outputs if they are no logits."""
    logits = _logits(measure, outputs)
    return outputs if logits is None else jnp.argmax(logits, axis=-1)


def probabilities(measure: AbstractLoss, outputs: PyTree) -> Any:
    """The probabilities of the classes along the last axis; None if the outputs are no logits."""
    logits = _logits(measure, outputs)
    return None if logits is None else jax.nn.softmax(logits)


def _logits(measure: AbstractLoss, outputs: PyTree) -> Array | None:
    if isinstance(measure, CrossEntropy):
        return outputs
    return binary_logits(outputs) if isinstance(measure, BinaryCrossEntropy) else None
