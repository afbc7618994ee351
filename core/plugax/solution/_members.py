"""What the members of a population differ in, as columns and as arrays in a file."""

from collections.abc import Mapping
from typing import Any

import numpy as np

POINTS = "points"
"""The axis of points that were drawn together: it has values under several names."""
_PREFIX = f"{POINTS}."


def member_values(swept: Mapping[str, Any], shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """The swept values by name, one for every member; the last axis varies fastest.

    If a value is itself an array or a pytree, its position stands for it.

    Arguments:
        swept: the values along every axis, by name.
        shape: the lengths of the axes.
    """
    grid = np.meshgrid(*(np.arange(count) for count in shape), indexing="ij")
    columns = {}
    for (axis, values), index in zip(swept.items(), grid, strict=True):
        for name, own in (values if axis == POINTS else {axis: values}).items():
            single = isinstance(own, np.ndarray) and own.ndim == 1
            columns[name] = own[index.ravel()] if single else index.ravel()
    return columns


def scalars_of(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those of the values by name that are one number for every member."""
    return {name: own for name, own in values.items() if own.ndim == 1}


def swept_arrays(swept: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The swept values as arrays by name, those of points with the axis in front of the name."""
    points = swept.get(POINTS, {})
    arrays = {name: values for name, values in swept.items() if name != POINTS}
    return arrays | {f"{_PREFIX}{name}": values for name, values in points.items()}


def swept_from(arrays: Mapping[str, np.ndarray], axes: Mapping[str, int]) -> dict[str, Any]:
    """The swept values along every axis, from `swept_arrays`; None for starts.

    Arguments:
        arrays: the arrays by name.
        axes: the lengths of the axes by name, in order.
    """
    prefixed = {n.removeprefix(_PREFIX): a for n, a in arrays.items() if n.startswith(_PREFIX)}
    return {axis: prefixed if axis == POINTS else arrays.get(axis) for axis in axes}
