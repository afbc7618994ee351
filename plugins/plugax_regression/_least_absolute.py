"""Least absolute deviations, a first estimate that outliers among the responses hardly change."""

import numpy as np
from jaxtyping import Float

MOST_STEPS = 100
ENOUGH = 1e-6  # residuals below this part of their median have equal weights


def least_absolute_deviations(
    design: Float[np.ndarray, "points terms"], response: Float[np.ndarray, " points"]
) -> Float[np.ndarray, " terms"]:
    """The coefficients β of the smallest Σ |X β − y|, to some digits; made on the host.

    By repeated least squares with weights 1/|r| from the last residuals, until Σ |r| is constant.

    Arguments:
        design: X, of full rank.
        response: y.

    Source: Schlossmacher 1973, doi 10.2307/2284513.
    """
    lengths = np.linalg.norm(design, axis=0)
    scaled = design / lengths
    weights, last = np.ones(len(response)), np.inf
    rounding = np.finfo(float).eps * np.abs(response).max()
    found = np.zeros(design.shape[1])
    for _ in range(MOST_STEPS):
        roots = np.sqrt(weights)
        found = np.linalg.lstsq(scaled * roots[:, None], response * roots)[0]
        sizes = np.abs(scaled @ found - response)
        total, median = sizes.sum(), np.median(sizes)
        if median <= rounding or last - total <= 1e-14 * total:
            break
        last = total
        weights = median / np.maximum(sizes, ENOUGH * median)
    return found / lengths
