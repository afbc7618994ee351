"""Figures of merit of a classification, from logits that are computed piece by piece."""

from collections.abc import Callable
from typing import Any

import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt8

from plugax.losses import CrossEntropy


def in_pieces(
    function: Callable[[UInt8[Array, "piece 28 28"]], Float[Array, "piece classes"]],
    images: UInt8[Array, "examples 28 28"],
    size: int,
) -> Float[Array, "examples classes"]:
    """`function` of all pictures, piece by piece, so that memory is needed for one piece only.

    Arguments:
        function: a function of a batch of any size.
        images: the pictures; the last piece is filled up with black ones.
        size: pictures in a piece.
    """
    examples = len(images)
    pieces = -(-examples // min(size, examples))
    size = -(-examples // pieces)
    padded = jnp.pad(images, ((0, pieces * size - examples), (0, 0), (0, 0)))
    results = lax.map(function, padded.reshape(pieces, size, *images.shape[1:]))
    return results.reshape(-1, results.shape[-1])[:examples]


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
