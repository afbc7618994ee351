"""The metrics of a run as arrays by name: members in front, if any, then rows, then one value."""

from collections.abc import Mapping

import numpy as np

Series = Mapping[str, np.ndarray]
STEP = "step"
"""The name, among evaluations, of the steps after which they were made; members share it."""


def rows_first(series: Series, axes: int) -> dict[str, np.ndarray]:
    """Views of the series with the rows along the first axis, as in a file.

    Arguments:
        series: the arrays by name.
        axes: the number of axes of members.
    """
    return {name: _moved(name, values, axes, 0) for name, values in series.items()}


def members_first(series: Series, axes: int) -> dict[str, np.ndarray]:
    """The inverse of `rows_first`."""
    return {name: _moved(name, values, 0, axes) for name, values in series.items()}


def _moved(name: str, values: np.ndarray, axis: int, to: int) -> np.ndarray:
    return values if name == STEP and values.ndim == 1 else np.moveaxis(values, axis, to)


def cut(series: Series, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The series up to so many rows of every member, and NaN (or 0) after them.

    Arguments:
        series: arrays by name, members along as many leading axes as `rows` has.
        rows: the number of rows of every member.
    """
    axes, most = rows.ndim, rows.max(initial=0)
    kept = {name: values[(slice(None),) * axes + (slice(most),)] for name, values in series.items()}
    gone = np.arange(most) >= rows[..., None]
    if not gone.any():
        return kept
    for name, values in kept.items():
        kept[name] = values = values.copy()
        values[gone] = np.nan if np.issubdtype(values.dtype, np.inexact) else 0
    return kept
