"""`plugax doctor`: what a report of a problem should say of the machine and the installation."""

import importlib.metadata
import os
import pathlib
import platform
import sys
import textwrap

from ..plugins import default_manager
from ._environment import jaxlib_version, prepare, settings
from ._parser import Parser
from ._plugins import table
from ._text import columns

LIBRARIES = (
    *("jax", "jaxlib", "numpy", "scipy", "equinox", "jaxtyping", "optax", "optimistix", "lineax"),
    *("diffrax", "xarray", "matplotlib", "pillow", "pluggy", "rich", "platformdirs", "tomli-w"),
)


def main(argv: list[str]) -> int:
    """Report."""
    Parser(
        prog="plugax doctor", description="Report devices, versions, settings, plugins and caches."
    ).parse_args(argv)
    started = "jax" in sys.modules
    chosen = settings(os.environ, jaxlib_version())
    prepare()
    sections = {
        "devices": _devices(),
        "versions": columns(
            [("plugax", _version("plugax")), ("python", platform.python_version())]
            + [(name, _version(name)) for name in LIBRARIES]
            + [("system", platform.platform())],
            indent=2,
        ),
        "settings": columns(
            [
                (
                    setting.name,
                    os.environ.get(setting.name, "(not set)"),
                    "JAX had started before plugax" if started else setting.reason,
                )
                for setting in chosen
            ],
            indent=2,
        ),
        "compilation cache": _cache(),
        "plugins": textwrap.indent(table(default_manager().records), "  "),
    }
    for title, text in sections.items():
        print(f"{title}\n{text}\n")
    return 0


def _devices() -> str:
    import jax
    import jax.numpy as jnp

    try:
        devices = jax.devices()
    except RuntimeError as error:
        return f"  none: {error}"
    rows = [(f"{d.platform}:{d.id}", d.device_kind) for d in devices]
    precision = jnp.result_type(float).name
    return columns([*rows, ("precision", f"{precision}, unless a problem asks for more")], indent=2)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _cache() -> str:
    where = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    switched_off = os.environ.get("JAX_ENABLE_COMPILATION_CACHE", "1").lower() in ("0", "false")
    if not where or switched_off:
        return "  off: every run compiles anew"
    files = [file for file in pathlib.Path(where).rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files) / 2**20
    return f"  {where}\n  {len(files)} files, {size:.1f} MiB; may be deleted at any time"
