"""What came out of a population run: many members, one program."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import jax
import numpy as np
from jaxtyping import PyTree

from ._history import evaluations_of, history_of
from ._status import Status

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True)
class Population:
    """The members of a sweep, along the axes of what was swept.

    Attributes:
        unknowns: every member's answer; the sweep's axes lead every array.
        status: every member's status, an object array of the sweep's shape.
        metrics: what `problem.evaluate` says, arrays led by the sweep's axes.
        steps: every member's steps.
        coordinates: what was swept, by name; the order is that of the axes.
        compile_seconds: time in calls that traced and compiled.
        run_seconds: time in the steps, all members together.
        provenance: versions, plugins, options, device, precision.
        series: the history as NumPy arrays `(*sweep, steps, …)`, NaN after a member's last step.
        evaluation_series: the evaluations likewise, with their `step`.
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
        """Which members did what was asked of them."""
        return np.vectorize(lambda status: status.success, otypes=[bool])(self.status)

    @functools.cached_property
    def history(self) -> "xr.Dataset":
        """The metrics of every member and step, over the sweep's coordinates and `step`."""
        return history_of(self.series, self.coordinates)

    @functools.cached_property
    def evaluations(self) -> "xr.Dataset":
        """What `problem.evaluate` said of every member on the way, after `step` steps."""
        return evaluations_of(self.evaluation_series, self.coordinates)

    def member(self, **chosen: Any) -> tuple[PyTree, Status]:
        """The unknowns and status of one member, chosen by position along every swept name.

        Names with a dot are written with two underscores: `member(optimizer__learning_rate=3)`.
        """
        index = tuple(chosen[name.replace(".", "__")] for name in self.coordinates)
        unknowns = jax.tree.map(lambda leaf: leaf[index], self.unknowns)
        return unknowns, cast(Status, self.status[index])
