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
    import xarray as xr

    coordinates = dict(members or {})
    variables = {}
    for name, values in series.items():
        extra = [f"{name}_{axis}" for axis in range(values.ndim - len(coordinates) - 1)]
        variables[name] = ([*coordinates, "step", *extra], values)
    steps = next((v.shape[len(coordinates)] for v in series.values()), 0)
    return xr.Dataset(variables, coords=coordinates | {"step": np.arange(steps)})
