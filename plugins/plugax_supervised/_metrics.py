"""Figures of merit of predictions, by name.

Those of classes take logits z, shape (examples, classes), and labels; those of numbers take
predictions and targets of one shape. Every example has a weight.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from plugax.errors import UnknownNameError

from ._ranking import roc_auc

Logits = Float[Array, "examples classes"]
Labels = Int[Array, " examples"]
Weights = Float[Array, " examples"]
Numbers = Float[Array, "examples outputs"]
Kind = Literal["classes", "numbers"]


def _mean(values: Float[Array, " examples"], weights: Weights) -> Float[Array, ""]:
    return jnp.sum(weights * values) / jnp.sum(weights)


def _predicted(logits: Logits, labels: Labels) -> Labels:
    """The classes with the largest logits, in the dtype of the labels."""
    return jnp.argmax(logits, axis=1).astype(labels.dtype)


def accuracy(logits: Logits, labels: Labels, weights: Weights) -> Float[Array, ""]:
    """The share of examples whose class has the largest logit."""
    return _mean((_predicted(logits, labels) == labels).astype(logits.dtype), weights)


def top(k: int, logits: Logits, labels: Labels, weights: Weights) -> Float[Array, ""]:
    """The share of examples whose class is among those with the k largest logits."""
    own = jnp.take_along_axis(logits, labels[:, None], axis=1)
    return _mean((jnp.sum(logits > own, axis=1) < k).astype(logits.dtype), weights)


def f1(logits: Logits, labels: Labels, weights: Weights) -> Float[Array, ""]:
    """F₁ = 2 TP / (2 TP + FP + FN), of class 1 if there are two, else the mean over classes.

    A class that neither occurs nor is predicted does not count.
    """
    counts = confusion(logits, labels, weights)
    right, all_of = jnp.diagonal(counts), jnp.sum(counts, axis=0) + jnp.sum(counts, axis=1)
    each = jnp.where(all_of > 0, 2 * right / jnp.where(all_of > 0, all_of, 1), 0)
    if counts.shape[0] == 2:
        return each[1]
    return jnp.sum(each) / jnp.sum((all_of > 0).astype(each.dtype))


def perplexity(logits: Logits, labels: Labels, weights: Weights) -> Float[Array, ""]:
    """exp of the mean cross-entropy."""
    log_p = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)[:, 0]
    return jnp.exp(-_mean(log_p, weights))


def confusion(logits: Logits, labels: Labels, weights: Weights) -> Float[Array, "classes classes"]:
    """The weight of the examples of each class (rows) that were taken for each class (columns)."""
    classes = logits.shape[1]
    place = labels * classes + _predicted(logits, labels)
    return jnp.bincount(place, weights, length=classes**2).reshape(classes, classes)


def mae(predictions: Numbers, targets: Numbers, weights: Weights) -> Float[Array, ""]:
    """The mean absolute error, in the unit of the target."""
    return _mean(jnp.mean(jnp.abs(predictions - targets), axis=1), weights)


def rmse(predictions: Numbers, targets: Numbers, weights: Weights) -> Float[Array, ""]:
    """The root of the mean squared error, in the unit of the target."""
    return jnp.sqrt(_mean(jnp.mean(jnp.square(predictions - targets), axis=1), weights))


def r2(predictions: Numbers, targets: Numbers, weights: Weights) -> Float[Array, ""]:
    """R² = 1 − Σ w (y − ŷ)² / Σ w (y − ȳ)², the mean over outputs; 1 is perfect, 0 is the mean."""
    w = weights[:, None]
    centre = jnp.sum(w * targets, axis=0, keepdims=True) / jnp.sum(w)
    residual = jnp.sum(w * jnp.square(targets - predictions), axis=0)
    return jnp.mean(1 - residual / jnp.sum(w * jnp.square(targets - centre), axis=0))


@dataclasses.dataclass(frozen=True)
class Metric:
    """A figure of merit with its name.

    Attributes:
        name: its name in results, after `validation_`.
        kind: what it is about.
        function: of predictions, targets and weights.
        k: of `top_k`.
    """

    name: str
    kind: Kind
    function: Callable[..., Array]
    k: int | None = None

    def __call__(self, predictions: Array, targets: Array, weights: Weights) -> Array:
        """The figure."""
        first = () if self.k is None else (self.k,)
        return self.function(*first, predictions, targets, weights)


METRICS: dict[str, tuple[Kind, Callable[..., Array]]] = {
    "accuracy": ("classes", accuracy),
    "top_k": ("classes", top),
    "f1": ("classes", f1),
    "roc_auc": ("classes", roc_auc),
    "perplexity": ("classes", perplexity),
    "confusion": ("classes", confusion),
    "mae": ("numbers", mae),
    "rmse": ("numbers", rmse),
    "r2": ("numbers", r2),
}
"""What each name computes, of classes or of numbers; `top_k` is asked for as `top_3`."""


def metrics_of(names: Iterable[str], kind: Kind | None) -> tuple[Metric, ...]:
    """The metrics of these names.

    Arguments:
        names: their names.
        kind: what the loss is about; None if that is not known.

    Errors: `UnknownNameError` for a name that does not exist, or is about something else.
    """
    found = []
    for name in (names,) if isinstance(names, str) else names:
        k = re.fullmatch(r"top_(\d+)", name)
        known = METRICS.get("top_k" if k else name)
        usable = [other for other, (about, _) in METRICS.items() if about == kind]
        if known is None or name == "top_k":
            raise UnknownNameError(
                f"There is no metric {name!r}. Metrics are {', '.join(METRICS)}, with a number "
                "for the k of top_k."
            )
        if known[0] != kind:
            raise UnknownNameError(
                f"The metric {name!r} is about {known[0]}, which this loss is not. "
                + (f"Metrics for it are {', '.join(usable)}." if usable else "It has none by name.")
            )
        found.append(Metric(name, *known, k=int(k[1]) if k else None))
    return tuple(found)
