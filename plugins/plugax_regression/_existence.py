"""Whether the estimates of a generalised linear model exist.

Classes that a combination of the terms separates, X β > 0 for one and X β < 0 for the other, are
explained the better the larger β is: the likelihood has no maximum. So it is with counts if some
combination is zero in all rows with a count, and of one sign in rows without. Both are linear
programs: with rows s_i x_i of which the likelihood grows along β and rows that must not change,

    maximise Σ s_i x_i β   with s_i x_i β ≥ 0,  x_j β = 0,  −1 ≤ β ≤ 1.

If the maximum is positive, there are no estimates.

Source: Albert and Anderson 1984, doi 10.1093/biomet/71.1.1; Konis 2007, Linear programming
algorithms for detecting separated data in binary logistic regression models (thesis, Oxford).
"""

import numpy as np
import scipy.optimize

from plugax import PlugaxError

TOLERANCE = 1e-6


def check_existence(
    design: np.ndarray, terms: tuple[str, ...], growing: np.ndarray, family: str
) -> None:
    """Raise if the likelihood has no maximum.

    Arguments:
        design: X, shape (points, terms).
        terms: the names of its columns.
        growing: of every row the sign s of the predictor that its likelihood prefers without end;
            0 for rows that prefer a finite one.
        family: the name of the family, for the message.

    Errors: `PlugaxError` that names the terms concerned.
    """
    if not growing.any():
        return
    lengths = np.abs(design).max(axis=0)
    scaled = design / np.where(lengths > 0, lengths, 1)
    free = growing != 0
    along = growing[free, None] * scaled[free]
    found = scipy.optimize.linprog(
        -along.sum(axis=0),
        A_ub=-along,
        b_ub=np.zeros(len(along)),
        A_eq=scaled[~free] if (~free).any() else None,
        b_eq=np.zeros(int((~free).sum())) if (~free).any() else None,
        bounds=(-1, 1),
    )
    if found.status != 0 or -found.fun <= TOLERANCE * len(along):
        return
    size = np.abs(found.x)
    concerned = [name for name, part in zip(terms, size, strict=True) if part > TOLERANCE]
    what = "separates the classes" if family == "binomial" else "is zero wherever there is a count"
    raise PlugaxError(
        f"The coefficients have no finite estimates: a combination of {', '.join(concerned)} "
        f"{what}, so the likelihood grows without end. Leave one of these terms out, or join "
        "groups in which all responses are alike."
    )
