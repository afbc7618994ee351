"""What it takes to repeat a run: who, with what, on what."""

import functools
import importlib.metadata
import platform
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..plugins import default_manager, origin_of

LIBRARIES = ("plugax", "jax", "jaxlib", "equinox", "optax", "optimistix", "lineax", "diffrax")


def provenance_of(problem: Any, solver: Any, device: Any, **run: Any) -> dict[str, Any]:
    """Versions, plugins, options, device and precision, as plain data.

    Arguments:
        problem: the problem; its spec is None where it was made by hand.
        solver: the solver, likewise.
        device: where it runs.
        run: what else was asked for: seed, steps, chunk.
    """
    return {
        "problem": spec_of(problem),
        "solver": spec_of(solver),
        "run": plain(run),
        "device": {"platform": device.platform, "kind": device.device_kind, "index": device.id},
        "precision": jnp.result_type(float).name,
        "versions": dict(_versions()),
        "plugins": {
            record.name: f"{record.distribution} {record.version}".strip()
            for record in default_manager().records
            if record.status == "active"
        },
    }


def spec_of(component: Any) -> dict[str, Any]:
    """The spec of a component as plain data; a name of None says that it was made by hand."""
    spec = origin_of(component)
    try:
        if spec is not None:
            return plain(spec)
    except TypeError:
        pass
    kind = type(component)
    return {"name": None, "class": f"{kind.__module__}:{kind.__qualname__}"}


def plain(value: Any) -> Any:
    """`value` as JSON and TOML can say it; `TypeError` where they cannot."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return np.asarray(value).tolist()
    raise TypeError(f"{value!r} cannot be written as plain data")


@functools.cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
