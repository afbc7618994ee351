"""Fewer points of a curve for drawing, without losing what the eye would see."""

import itertools

import numpy as np
from jaxtyping import Float, Int


def thin(values: "Float[np.ndarray, ' n']", most: int) -> "Int[np.ndarray, ' m']":
    """The places of at most `most` values that look like all of them when drawn.

    The curve is cut into equal stretches; of each, the smallest and the largest value stay, and one
    that is not finite if there is any. So do the first and the last of all.

    Arguments:
        values: the curve, in the order in which it is drawn.
        most: how many may stay, at least 5.

    Returns:
        m ≤ most places in increasing order; all of them if n ≤ most.
    """
    if values.size <= most:
        return np.arange(values.size)
    lost = ~np.isfinite(values)
    stretches = max((most - 2) // 3, 1)
    edges = np.linspace(0, values.size, stretches + 1).astype(int)
    kept = {0, values.size - 1}
    low, high = np.where(lost, np.inf, values), np.where(lost, -np.inf, values)
    for begin, end in itertools.pairwise(edges):
        kept.add(begin + int(low[begin:end].argmin()))
        kept.add(begin + int(high[begin:end].argmax()))
        if lost[begin:end].any():
            kept.add(begin + int(lost[begin:end].argmax()))
    return np.asarray(sorted(kept))
