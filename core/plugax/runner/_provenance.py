"""What it takes to repeat a run: who, with what, on what."""

import functools
import importlib.metadata
import math
import platform
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._errors import PlugaxError
from ..plugins import component_kind, default_manager, options_of, origin_of
from ..problems import described, origin_and_variations
from ._data_files import data_files

LIBRARIES = ("plugax", "jax", "jaxlib", "equinox", "optax", "optimistix", "lineax", "diffrax")


def provenance_of(problem: Any, solver: Any, device: Any, **run: Any) -> dict[str, Any]:
    """Versions, plugins, options, data files, device and precision, as plain data.

    Arguments:
        problem: the problem; its spec is None if it was made by hand.
        solver: the solver, likewise.
        device: where it runs.
        run: what else was asked for: seed, steps, chunk.
    """
    spec = spec_of(problem, "problem")
    return {
        "problem": spec,
        "variations": variations_of(problem, spec),
        "data": data_files(spec, "problem") if spec["name"] else {},
        "solver": spec_of(solver, "solver"),
        "run": plain(run),
        "device": {"platform": device.platform, "kind": device.device_kind, "index": device.id},
        "precision": jnp.result_type(float).name,
        "versions": dict(versions()),
        "plugins": plugin_versions(),
    }


def variations_of(problem: Any, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """How a problem is bounded, fixed or started, where its spec is that of the problem varied."""
    found = described(problem)
    return [] if found is None or spec["name"] is None else found[0]


def spec_of(component: Any, kind: str) -> dict[str, Any]:
    """The spec of a component as plain data; a name of None says that it was made by hand.

    It has all options, defaults included: those may be others in another version. Of a problem that
    was bounded, fixed or started elsewhere it is that of the problem before.
    """
    origin, variations = origin_and_variations(component)
    if variations and described(component) is None:
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
    """A spec with the defaults of the options that it leaves out, as far as they are plain data.

    What the default manager does not know, another one has made: its spec stays as it is.
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
    """`value` as JSON and TOML can say it; `TypeError` if they cannot."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number; an option of numbers reads the word
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
    """The versions of Python and of the libraries that a run rests on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
