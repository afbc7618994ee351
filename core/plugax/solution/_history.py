"""The metrics of every step, as an `xarray.Dataset`. Imported when first looked at."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def history_of(
    series: Mapping[str, np.ndarray], members: Mapping[str, np.ndarray] | None = None
) -> "xr.Dataset":
    """One variable a metric over `step`, behind the dimensions of `members` where there are any.

    Arguments:
        series: arrays of shape `(*members, steps, *shape)`.
        members: coordinates of the members of a population, by dimension.
    """
    coordinates = dict(members or {})
    steps = next((v.shape[len(coordinates)] for v in series.values()), 0)
    return _dataset(series, np.arange(steps), coordinates)


def evaluations_of(
    series: Mapping[str, np.ndarray], members: Mapping[str, np.ndarray] | None = None
) -> "xr.Dataset":
    """The same of evaluations, whose steps are `series["step"]`."""
    figures = {name: values for name, values in series.items() if name != "step"}
    return _dataset(figures, series.get("step", np.arange(0)), dict(members or {}))


def _dataset(
    series: Mapping[str, np.ndarray], steps: np.ndarray, members: dict[str, np.ndarray]
) -> "xr.Dataset":
    import xarray as xr

    variables = {}
    for name, values in series.items():
        extra = [f"{name}_{axis}" for axis in range(values.ndim - len(members) - 1)]
        variables[name] = ([*members, "step", *extra], values)
    return xr.Dataset(variables, coords=members | {"step": steps})
