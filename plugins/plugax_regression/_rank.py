"""Redundant terms of a linear model: columns that are combinations of others.

The rank is that of the design matrix with its columns scaled to length one, so that it does not
depend on units; a singular value counts as zero if it is, relative to the largest, below the
rounding unit times the longer side of the matrix. Polynomials of degree ten, with condition numbers
of 10¹⁰ and more, are far from this limit.
"""

import numpy as np

from plugax import PlugaxError

# A column is a combination of others if it is within this many cut-offs of their span.
LENIENCE = 100


def check_rank(design: np.ndarray, terms: tuple[str, ...]) -> None:
    """Raise if the coefficients are not determined.

    Arguments:
        design: the design matrix, shape (points, terms), more points than terms.
        terms: the names of its columns.

    Errors: `PlugaxError` that names the terms concerned.
    """
    lengths = np.linalg.norm(design, axis=0)
    scaled = design / np.where(lengths > 0, lengths, 1)
    triangle = np.asarray(np.linalg.qr(scaled, mode="r"))
    singular_values = np.linalg.svd(triangle, compute_uv=False)
    cut_off = max(design.shape) * np.finfo(float).eps
    rank = int(np.sum(singular_values > cut_off * singular_values.max(initial=0)))
    if rank == len(terms):
        return
    found = _combinations(triangle, terms, LENIENCE * cut_off)
    raise PlugaxError(
        f"The coefficients are not determined: the {len(terms)} terms have rank {rank}. "
        f"{' '.join(found)} Leave terms out until none is a combination of others."
    )


def _combinations(triangle: np.ndarray, terms: tuple[str, ...], tolerance: float) -> list[str]:
    """A sentence for every term that is a combination of the terms before it."""
    kept: list[int] = []
    sentences = []
    for column, term in enumerate(terms):
        target = triangle[:, column]
        weights = np.linalg.lstsq(triangle[:, kept], target)[0] if kept else np.zeros(0)
        rest = target - triangle[:, kept] @ weights if kept else target
        if np.linalg.norm(rest) > tolerance:
            kept.append(column)
            continue
        involved = [
            terms[index]
            for index, weight in zip(kept, weights, strict=True)
            if abs(weight) > 1e-6 * np.abs(weights).max()
        ]
        sentences.append(_sentence(term, involved, zero=not target.any()))
    return sentences or [f"They are nearly dependent: {', '.join(terms)}."]


def _sentence(term: str, others: list[str], *, zero: bool) -> str:
    if zero:
        return f"{term!r} is zero in all rows."
    if others == ["intercept"]:
        return f"{term!r} is the same in all rows, as the intercept is."
    if len(others) == 1:
        return f"{term!r} is a multiple of {others[0]!r}."
    return f"{term!r} is a combination of {', '.join(map(repr, others))}."
