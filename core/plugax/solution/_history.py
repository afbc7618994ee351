"""The metrics of every step, as an `xarray.Dataset`; xarray is imported on first use."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def history_of(
    series: Mapping[str, np.ndarray],
    members: Mapping[str, np.ndarray] | None = None,
    *,
    every: int = 1,
) -> "xr.Dataset":
    """One variable per metric, over the dimensions of `members`, if any, and `step`.

    Arguments:
        series: arrays of shape `(*members, steps, *shape)`.
        members: the coordinates of a population's members, by dimension.
        every: steps from one row to the next.
    """
    coordinates = dict(members or {})
    steps = next((v.shape[len(coordinates)] for v in series.values()), 0)
    return _dataset(series, every * np.arange(steps), coordinates)


def evaluations_of(
    series: Mapping[str, np.ndarray], members: Mapping[str, np.ndarray] | None = None
) -> "xr.Dataset":
    """One variable per figure of merit, over `members`, if any, and the steps `series["step"]`."""
    figures = {name: values for name, values in series.items() if name != "step"}
    return _dataset(figures, series.get("step", np.arange(0)), dict(members or {}))


def _dataset(
    series: Mapping[str, np.ndarray], steps: np.ndarray, members: dict[str, np.ndarray]
) -> "xr.Dataset":
    import xarray as xr

    variables = {}
    for name, values in series.items():
        # A metric cannot have the name of a dimension.
        name = f"{name}_" if name == "step" or name in members else name
        extra = [f"{name}_{axis}" for axis in range(values.ndim - len(members) - 1)]
        variables[name] = ([*members, "step", *extra], values)
    return xr.Dataset(variables, coords=members | {"step": steps})


def netcdf(dataset: "xr.Dataset", provenance: Mapping[str, Any]) -> bytes:
    """A NetCDF 3 file for other programs, with conversion of types that the format lacks.

    float16 and bfloat16 become float32; whole numbers become float64 unless they fit into int32; a
    complex metric becomes two variables, `NAME_real` and `NAME_imag`.
    """
    export = dataset.drop_vars(list(dataset.data_vars)).copy()
    for name, variable in dataset.data_vars.items():
        values = variable.values
        parts = {name: values}
        if values.dtype.kind == "c":
            parts = {f"{name}_real": np.real(values), f"{name}_imag": np.imag(values)}
        for part, numbers in parts.items():
            export[part] = (variable.dims, _cast(numbers))
    run = provenance.get("run", {})
    named = {kind: provenance.get(kind, {}) for kind in ("problem", "solver")}
    attributes = {
        kind: str(spec.get("name") or spec.get("class", "")) for kind, spec in named.items()
    }
    export.attrs = attributes | ({"seed": run["seed"]} if "seed" in run else {})
    export["step"].attrs = {"units": "1", "long_name": "steps done"}
    return bytes(export.to_netcdf(engine="scipy"))


def _cast(values: np.ndarray) -> np.ndarray:
    """`values` in a dtype of NetCDF 3."""
    kind = values.dtype.kind
    if kind == "V" or values.dtype == np.float16:
        return values.astype(np.float32)
    if kind in "iu":
        bounds = np.iinfo(np.int32)
        fits = not values.size or (values.min() >= bounds.min and values.max() <= bounds.max)
        return values.astype(np.int32 if fits else np.float64)
    return values
