"""Figures of merit of a classification."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt8

from plugax.losses import CrossEntropy


def merits_of(
    logits: Float[Array, "examples classes"], labels: UInt8[Array, " examples"]
) -> dict[str, Any]:
    """`test_accuracy`, `test_loss` and `confusion`.

    Arguments:
        logits: the logits of every picture.
        labels: the true class of every picture.
    """
    predicted = jnp.argmax(logits, axis=-1)
    return {
        "test_accuracy": accuracy_of(logits, labels),
        "test_loss": CrossEntropy()(logits, labels),
        "confusion": counts_of(labels.astype(predicted.dtype), predicted, logits.shape[-1]),
    }


def accuracy_of(
    logits: Float[Array, "examples classes"], labels: UInt8[Array, " examples"]
) -> Float[Array, ""]:
    """The share of pictures whose largest logit is that of their class."""
    predicted = jnp.argmax(logits, axis=-1)
    return jnp.mean((predicted == labels.astype(predicted.dtype)).astype(logits.dtype))


def counts_of(
    true: Int[Array, " examples"], predicted: Int[Array, " examples"], classes: int
) -> Int[Array, "classes classes"]:
    """How many pictures of each true class (rows) were assigned to each class (columns)."""
    counts = jnp.bincount(true * classes + predicted, length=classes**2)
    return counts.reshape(classes, classes)
