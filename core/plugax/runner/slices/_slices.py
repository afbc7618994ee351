"""A population cut into slices: boxes of its grid, all of one size, so that they share a program.

If the size does not divide an axis, the last box begins earlier: members in the overlap are
computed twice, with the same result.
"""

import itertools
import math
from collections.abc import Mapping
from typing import Any

from ..members._population import take_values

Box = tuple[tuple[int, int], ...]
"""The first value and the end along every axis."""


def cut(shape: tuple[int, ...], parts: int, least: int = 1) -> list[Box]:
    """Boxes that cover a grid.

    The longest axis is cut first, and the others only if it has fewer values than parts are wanted.

    Arguments:
        shape: the lengths of the axes.
        parts: about how many boxes are wanted; there are fewer if members are.
        least: how many members a box has at least, unless the grid has fewer.
    """
    parts = max(min(parts, math.prod(shape) // max(least, 1)), 1)
    sizes = list(shape)
    for axis in sorted(range(len(shape)), key=lambda axis: -shape[axis]):
        pieces = min(parts, shape[axis])
        sizes[axis] = -(-shape[axis] // pieces)
        parts = -(-parts // pieces)
    while math.prod(sizes) < min(least, math.prod(shape)):
        axis = max(range(len(shape)), key=lambda axis: shape[axis] - sizes[axis])
        sizes[axis] += 1
    ranges = [
        [(begin, begin + size) for begin in _begins(length, size)]
        for length, size in zip(shape, sizes, strict=True)
    ]
    return list(itertools.product(*ranges))


def _begins(length: int, size: int) -> list[int]:
    return [min(number * size, length - size) for number in range(-(-length // size))]


def take_box(swept: Mapping[str, Any], box: Box) -> dict[str, Any]:
    """The values of a box along every axis."""
    return {
        name: take_values(values, slice(*bounds))
        for (name, values), bounds in zip(swept.items(), box, strict=True)
    }
