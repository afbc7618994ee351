"""The results of a population run: many members, one program."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from ..errors import PlugaxError
from ._history import evaluations_of, history_of
from ._status import Status

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True)
class Population:
    """The members of a sweep; arrays have the axes of the sweep in front.

    Attributes:
        unknowns: every member's unknowns; the axes of the sweep come first in every array.
        status: every member's status, an object array of the sweep's shape.
        metrics: the results of `problem.evaluate`; the axes of the sweep come first.
        steps: every member's number of steps.
        coordinates: the swept values by name, in the order of the axes.
        compile_seconds: time in calls that traced and compiled.
        run_seconds: time in the steps, all members together.
        provenance: versions, plugins, options, device, precision.
        series: the history as NumPy arrays `(*sweep, steps, …)`, NaN after a member's last step.
        evaluation_series: the evaluations as NumPy arrays `(*sweep, evaluations, …)`, and after how
            many steps they were made, in `step`.
    """

    unknowns: PyTree
    status: np.ndarray
    metrics: dict[str, Any]
    steps: np.ndarray
    coordinates: Mapping[str, np.ndarray]
    compile_seconds: float
    run_seconds: float
    provenance: dict[str, Any]
    series: Mapping[str, np.ndarray] = dataclasses.field(repr=False)
    evaluation_series: Mapping[str, np.ndarray] = dataclasses.field(repr=False)

    @property
    def success(self) -> np.ndarray:
        """Which members were successful."""
        return np.vectorize(lambda status: status.success, otypes=[bool])(self.status)

    @functools.cached_property
    def history(self) -> "xr.Dataset":
        """The metrics of every member and step, over the sweep's coordinates and `step`."""
        return history_of(self.series, self.coordinates)

    @functools.cached_property
    def evaluations(self) -> "xr.Dataset":
        """The results of `problem.evaluate` for every member after `step` steps."""
        return evaluations_of(self.evaluation_series, self.coordinates)

    def member(self, **chosen: int) -> "Member":
        """One member, chosen by its position along the axis of every swept name.

        Names with a dot are written with two underscores: `member(optimizer__learning_rate=3)`.
        """
        return self._at(tuple(chosen[name.replace(".", "__")] for name in self.coordinates))

    def best(self, by: str = "loss") -> "Member":
        """The member with the smallest figure of merit, among those that did not fail.

        Arguments:
            by: `"loss"`, at the unknowns that the last step started from; or the name of a scalar
                that `problem.evaluate` returns (negated there if larger is better).

        Errors: `PlugaxError` if there is no such figure, or none is finite.
        """
        figures = self._last_losses() if by == "loss" else self.metrics.get(by)
        if not isinstance(figures, np.ndarray) or figures.shape != self.status.shape:
            scalars = [
                name
                for name, values in self.metrics.items()
                if isinstance(values, np.ndarray) and values.shape == self.status.shape
            ]
            known = ", ".join(["loss", *scalars])
            raise PlugaxError(f"There is no figure {by!r} to choose by; there are {known}.")
        names = np.vectorize(lambda status: status.name, otypes=[object])(self.status)
        figures = np.where((names == "non-finite") | ~np.isfinite(figures), np.inf, figures)
        if np.isinf(figures).all():
            raise PlugaxError(f"No member has a finite {by!r}: {self.status.flat[0]}")
        return self._at(np.unravel_index(int(figures.argmin()), figures.shape))

    def _last_losses(self) -> np.ndarray:
        losses = self.series["loss"]
        last = np.maximum(self.steps - 1, 0)[..., None]
        return np.take_along_axis(losses, last, axis=-1)[..., 0]

    def _at(self, index: tuple) -> "Member":
        return Member(
            coordinates={
                n: v[i] for (n, v), i in zip(self.coordinates.items(), index, strict=True)
            },
            unknowns=jax.tree.map(
                lambda leaf: leaf[index] if eqx.is_array(leaf) else leaf, self.unknowns
            ),
            status=cast(Status, self.status[index]),
            metrics={
                name: value[index] if isinstance(value, np.ndarray) else value
                for name, value in self.metrics.items()
            },
            steps=int(self.steps[index]),
        )


class Member(NamedTuple):
    """One member of a population.

    Attributes:
        coordinates: its values of what was swept.
        unknowns: its unknowns.
        status: how its run ended.
        metrics: the results of `problem.evaluate` for its unknowns.
        steps: the number of steps that led to its unknowns.
    """

    coordinates: dict[str, Any]
    unknowns: PyTree
    status: Status
    metrics: dict[str, Any]
    steps: int
