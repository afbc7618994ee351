"""The examples that are kept back: never trained on, used to judge."""

import numpy as np
from jaxtyping import Int

from plugax import PlugaxError


def split(
    examples: int, share: float | int, seed: int, labels: Int[np.ndarray, " examples"] | None = None
) -> tuple[Int[np.ndarray, " training"], Int[np.ndarray, " validation"]]:
    """The indices of the training and of the validation part, each in increasing order.

    With labels the split is stratified: of the n examples of a class, n `share`, rounded, are kept
    back, but never all.

    Arguments:
        examples: how many there are.
        share: the part that is kept back, from 0 to below 1.
        seed: draws which.
        labels: the class of every example.

    Errors: `PlugaxError` if the share is not in this range, or one of the parts would be empty.
    """
    if not 0 <= share < 1:
        raise PlugaxError(
            f"validation is the share that is kept back, from 0 to below 1; got {share}."
        )
    if share == 0:
        return np.arange(examples), np.arange(0)
    random = np.random.default_rng(seed)
    groups = [np.arange(examples)]
    if labels is not None:
        groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    kept = [
        random.permutation(group)[: min(round(share * len(group)), len(group) - 1)]
        for group in groups
    ]
    validation = np.sort(np.concatenate(kept))
    if not len(validation):
        raise PlugaxError(
            f"A share of {share} of {examples} examples keeps none back. Keep back a larger share, "
            "or none with validation=0."
        )
    return np.setdiff1d(np.arange(examples), validation), validation
