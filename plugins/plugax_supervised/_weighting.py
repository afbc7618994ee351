"""How much each example counts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from plugax import PlugaxError


def weights_of(weights: Any, examples: int) -> Float[np.ndarray, " examples"] | None:
    """One weight for every example; None if all count the same.

    Errors: `PlugaxError` if they are not as many, negative, not finite, or all zero.
    """
    if weights is None:
        return None
    found = np.asarray(weights, float)
    if found.shape != (examples,):
        raise PlugaxError(
            f"weights hold one number for every example, shape ({examples},); got {found.shape}."
        )
    if not np.isfinite(found).all() or found.min() < 0 or not found.any():
        raise PlugaxError("weights must be finite, not negative, and not all zero.")
    return found


def class_weights_of(
    weights: str | Sequence[float | int] | Mapping[int, float | int],
    labels: Int[np.ndarray, " examples"],
) -> Float[np.ndarray, " examples"]:
    """The weight of the class of every example.

    Arguments:
        weights: by class; or `"balanced"`, n / (K nₖ) for nₖ of n examples in class k of K.
        labels: the classes.

    Errors: `PlugaxError` for another word, and for a class without a weight.
    """
    present, which, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if isinstance(weights, str):
        if weights != "balanced":
            raise PlugaxError(
                f"class_weights are numbers by class, or the word 'balanced'; got {weights!r}."
            )
        return (len(labels) / (len(present) * counts))[which]
    by_class = dict(weights) if isinstance(weights, Mapping) else dict(enumerate(weights))
    missing = [int(label) for label in present if int(label) not in by_class]
    if missing:
        raise PlugaxError(f"class_weights have no weight for class {missing[0]}.")
    each = np.asarray([by_class[int(label)] for label in present], float)
    if not np.isfinite(each).all() or each.min() < 0:
        raise PlugaxError("class_weights must be finite and not negative.")
    return each[which]
