"""Where variables and observations lie: what localisation needs to know."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Num
from scipy.spatial import KDTree

from plugax import PlugaxError

Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""`distance(a, b)` in NumPy: positions `(…, axes)` that broadcast against each other to `(…,)`."""


Points = Literal["states", "observations"]


class Near(NamedTuple):
    """The points near every point; short rows are padded with point 0 at an infinite distance.

    Attributes:
        indices: indices of the points, nearest first, `(rows, most)`.
        distances: distances to the points, `(rows, most)`.
    """

    indices: np.ndarray
    distances: np.ndarray


class Geometry(eqx.Module):
    """Positions of the state's numbers and of the observations, and the distance between them.

    Arguments:
        states: positions of the state's numbers, in the order of `ravel_pytree`, `(size, axes)`, or
            `(size,)` on a line. NaN for what has no position, such as a parameter: it is near
            everything.
        observations: positions of the observations, `(observed, axes)`, or `(observed,)` on a line.
        period: the length of a periodic domain; positions p satisfy 0 ≤ p < period. One number is
            for every axis, a tuple has one for each axis; 0 or None for an axis that is not
            periodic.
        distance: a distance to use instead of the Euclidean one.

    Errors: `PlugaxError` if the positions do not fit each other, are infinite or partly NaN, or lie
    outside a period; if a period is not a length, or their number is not that of the axes.
    """

    states: Float[Array, "states axes"]
    observations: Float[Array, "observations axes"]
    period: tuple[float, ...] = eqx.field(static=True)
    distance: Distance | None = eqx.field(static=True)

    def __init__(
        self,
        states: Num[ArrayLike, "states *axes"],
        observations: Num[ArrayLike, "observations *axes"],
        *,
        period: float | int | tuple[float | int | None, ...] | None = None,
        distance: Distance | None = None,
    ):
        self.states = _positions("states", states)
        self.observations = _positions("observations", observations)
        axes = self.states.shape[1]
        if self.observations.shape[1] != axes:
            raise PlugaxError(
                f"Positions must have the same axes; those of the states have {axes}, those of the "
                f"observations {self.observations.shape[1]}."
            )
        self.period = _period(period, axes)
        sizes = np.asarray(self.period)
        self.distance = distance
        for name, positions in (("states", self.states), ("observations", self.observations)):
            here = np.asarray(positions)
            outside = (sizes > 0) & ((here < 0) | (here >= np.where(sizes > 0, sizes, np.inf)))
            if outside.any():
                raise PlugaxError(
                    f"With the period {period} positions must be from 0 to below it; those of the "
                    f"{name} reach from {np.nanmin(here)} to {np.nanmax(here)}."
                )

    def near(self, cutoff: float, *, of: Points = "states", to: Points = "observations") -> Near:
        """The points within a distance of every point; called before anything is compiled.

        Time and memory grow with the number of pairs. What has no position is near everything, so a
        single row of this kind lists all points.

        Arguments:
            cutoff: the greatest distance that counts; may be infinite.
            of: the points that the rows of the table stand for.
            to: the points that are searched for.
        """
        rows, points = (np.asarray(getattr(self, which), np.float64) for which in (of, to))
        placed, there = (np.flatnonzero(_has_position(positions)) for positions in (rows, points))
        found = [self._pairs(rows[placed], points[there], cutoff)]
        found = [(placed[row], there[point], far) for row, point, far in found]
        for lost, others in (
            (np.flatnonzero(~_has_position(rows)), np.arange(len(points))),
            (placed, np.flatnonzero(~_has_position(points))),
        ):
            pairs = (np.repeat(lost, len(others)), np.tile(others, len(lost)))
            found.append((*pairs, np.zeros(len(pairs[0]))))
        row, point, far = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return _table(row, point, far, len(rows))

    @property
    def nowhere(self) -> np.ndarray:
        """Which of the state's numbers have no position; read before anything is compiled."""
        return np.asarray(~_has_position(np.asarray(self.states)))

    def _pairs(
        self, rows: np.ndarray, points: np.ndarray, cutoff: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which row is near which point, and their distance."""
        if not len(rows) or not len(points):
            return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
        if self.distance is None:
            sizes = np.asarray(self.period) if any(self.period) else None
            trees = (KDTree(positions, boxsize=sizes) for positions in (rows, points))
            # The sums of a tree search overflow at an infinite distance.
            cutoff = min(cutoff, 1e150)
            pairs = next(trees).sparse_distance_matrix(next(trees), cutoff, output_type="ndarray")
            return pairs["i"], pairs["j"], pairs["v"]
        found = []
        for number, x in enumerate(rows):
            distances = np.asarray(self.distance(x[None], points))
            near = np.flatnonzero(distances <= cutoff)
            found.append((np.full(len(near), number), near, distances[near]))
        row, point, far = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return row, point, far


def _has_position(positions: np.ndarray) -> np.ndarray:
    return np.asarray(np.isfinite(positions).all(axis=1))


def _table(row: np.ndarray, point: np.ndarray, far: np.ndarray, rows: int) -> Near:
    """The pairs as a table, the points of each row sorted by distance, then by index."""
    order = np.lexsort((point, far, row))
    row, counts = row[order], np.bincount(row, minlength=rows)
    column = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    most = max(1, int(counts.max()))
    indices = np.zeros((rows, most), np.int32)
    distances = np.full((rows, most), np.inf)
    indices[row, column], distances[row, column] = point[order], far[order]
    return Near(indices, distances)


def _period(given: Any, axes: int) -> tuple[float, ...]:
    """The period of every axis; 0 for an axis that is not periodic."""
    each = given if isinstance(given, tuple) else (given,) * axes
    sizes = [np.asarray(0.0 if size is None else size) for size in each]
    wrong = [size for size in sizes if size.dtype.kind not in "iuf" or size.shape != ()]
    if wrong or not all(0 <= size < np.inf for size in sizes):  # so that NaN is found too
        raise PlugaxError(
            f"period must be the length of the domain, positive, for every axis; got {given!r}. "
            "If positions go from a to b, subtract a and give period=b − a; an axis that is not "
            "periodic has the period 0 or None."
        )
    if len(sizes) != axes:
        raise PlugaxError(
            f"period must be one number for all axes, or a tuple of one for each of the {axes}; "
            f"got {given!r}."
        )
    return tuple(float(size) for size in sizes)


def _positions(name: str, given: ArrayLike) -> Float[Array, "points axes"]:
    positions = np.asarray(given, float)
    positions = positions[:, None] if positions.ndim == 1 else positions
    if positions.ndim != 2 or not positions.size:
        raise PlugaxError(
            f"Positions of the {name} must have the axes (points,) or (points, axes); got shape "
            f"{np.shape(given)}."
        )
    odd = np.isinf(positions).any(axis=1) | (
        np.isnan(positions).any(1) ^ np.isnan(positions).all(1)
    )
    if odd.any():
        first = int(np.argmax(odd))
        raise PlugaxError(
            f"Positions of the {name} must be finite, or NaN on all axes for no position; "
            f"number {first} is {positions[first]}."
        )
    return jnp.asarray(positions, float)
