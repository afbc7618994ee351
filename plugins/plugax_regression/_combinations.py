"""Which combinations of parameters the observations do not determine, in words."""

from collections.abc import Sequence

import numpy as np


def combinations_of(null: np.ndarray, names: Sequence[str]) -> tuple[str, ...]:
    """A text for every direction of a null space, in its simplest form: `b − 0.5 c`.

    Arguments:
        null: directions in columns; columns of zeros are left out.
        names: the names of the rows.
    """
    directions = null[:, np.abs(null).max(axis=0, initial=0) > 0].T
    lengths = np.abs(null).max(axis=1, initial=0)
    scale = np.where(lengths > 0, lengths, 1)
    return tuple(_text(row * scale, names) for row in _row_echelon(directions / scale[None, :]))


def _row_echelon(rows: np.ndarray) -> np.ndarray:
    """The reduced row echelon form: the fewest parameters in every direction."""
    rows = rows.copy()
    for k in range(len(rows)):
        column = int(np.argmax(np.abs(rows[k:]).max(axis=0)))
        best = k + int(np.argmax(np.abs(rows[k:, column])))
        rows[[k, best]] = rows[[best, k]]
        rows[k] /= rows[k, column]
        others = np.arange(len(rows)) != k
        rows[others] -= rows[others, column, None] * rows[k][None, :]
    return np.where(np.abs(rows) > 1e-6, rows, 0)


def _text(row: np.ndarray, names: Sequence[str]) -> str:
    """The sum of what is not zero, the first with the factor 1."""
    first = np.flatnonzero(row)[0]
    text = ""
    for name, factor in zip(names, row / row[first], strict=True):
        if factor == 0:
            continue
        size = "" if np.isclose(abs(factor), 1) else f"{abs(factor):.4g} "
        sign = " − " if factor < 0 else " + "
        text += (sign if text else "") + size + name
    return text
