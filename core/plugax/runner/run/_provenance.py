"""Everything needed to repeat a run: its components, options, versions and device."""

import functools
import importlib.metadata
import math
import platform
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import PlugaxError
from ...plugins import component_kind, default_manager, options_of, origin_of
from ...problems import describe_variations, origin_and_variations
from ..devices._device import Devices
from ._data_files import data_files

LIBRARIES = ("plugax", "jax", "jaxlib", "equinox", "optax", "optimistix", "lineax", "diffrax")


def provenance_of(problem: Any, solver: Any, devices: Devices, **run: Any) -> dict[str, Any]:
    """Versions, plugins, options, data files, device and precision, as plain data.

    Arguments:
        problem: the problem; the name in its spec is None if it was made by hand.
        solver: the solver; the name in its spec is None if it was made by hand.
        devices: the devices of the run.
        run: the other arguments of the run: seed, steps, chunk.
    """
    spec = spec_of(problem, "problem")
    return {
        "problem": spec,
        "variations": variations_of(problem, spec),
        "data": data_files(spec, "problem") if spec["name"] else {},
        "solver": spec_of(solver, "solver"),
        "run": plain(run),
        "device": devices.told,
        "precision": jnp.result_type(float).name,
        "versions": dict(versions()),
        "plugins": plugin_versions(),
    }


def variations_of(problem: Any, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The bounds, fixed unknowns and starts of a problem, if its spec is that of the original."""
    found = describe_variations(problem)
    return [] if found is None or spec["name"] is None else found[0]


def spec_of(component: Any, kind: str) -> dict[str, Any]:
    """The spec of a component as plain data; the name is None if it was made by hand.

    It contains all options, defaults included, since defaults may differ in another version. For a
    problem with bounds, fixed unknowns or another start, it is the spec of the original problem.
    """
    origin, variations = origin_and_variations(component)
    if variations and describe_variations(component) is None:
        origin = component
    spec = origin_of(origin)
    try:
        if spec is not None:
            return _with_defaults(plain(spec), kind)
    except TypeError:
        pass
    made = type(component)
    return {"name": None, "class": f"{made.__module__}:{made.__qualname__}"}


def _with_defaults(spec: dict[str, Any], kind: str) -> dict[str, Any]:
    """A spec with the defaults of the options that it leaves out, if they are plain data.

    A component that the default manager does not know was made by another one; its spec stays as it
    is.
    """
    spec = dict(spec)
    try:
        target = default_manager().find(kind, spec["name"]).load()
    except PlugaxError:
        return spec
    for option in options_of(target):
        if option.name not in spec and not option.required and option.default is not ...:
            try:
                spec[option.name] = plain(origin_of(option.default) or option.default)
            except TypeError:
                continue
        inner, value = component_kind(option.types), spec.get(option.name)
        if inner and isinstance(value, str):
            value = {"name": value}
        if inner and isinstance(value, dict):
            spec[option.name] = _with_defaults(value, inner)
    return spec


def plain(value: Any) -> Any:
    """`value` in types that JSON and TOML can express; `TypeError` if they cannot."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number; an option that takes numbers reads the text
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return plain(np.asarray(value).tolist())
    raise TypeError(f"{value!r} cannot be written as plain data")


def plugin_versions() -> dict[str, str]:
    """The plugins in use, each with the distribution it came in."""
    return {
        record.name: f"{record.distribution} {record.version}".strip()
        for record in default_manager().records
        if record.status == "active"
    }


@functools.cache
def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that a run depends on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
