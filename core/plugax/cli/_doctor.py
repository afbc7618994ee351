"""`plugax doctor`: facts about machine and installation that a bug report should contain."""

import importlib.metadata
import os
import pathlib
import platform
import sys
from typing import Any

from .._memory import size_text
from .._terminal import paragraph
from ..plugins import PluginRecord, default_manager
from ._cache import clear, state, state_text
from ._environment import apply, jaxlib_version, prepare, settings
from ._exit import SUCCESS
from ._parser import Parser
from ._plugins import entry, table
from ._text import answer, columns, print_json
from .completion import file, is_current, read

LIBRARIES = (
    *("jax", "jaxlib", "numpy", "scipy", "equinox", "jaxtyping", "optax", "optimistix", "lineax"),
    *("diffrax", "xarray", "matplotlib", "pillow", "pluggy", "rich", "platformdirs", "tomli-w"),
)
SLOW_SECONDS = 0.5
"""The longest acceptable import of a plugin; with lazy targets it takes a hundredth of that."""


def main(argv: list[str]) -> int:
    """Report."""
    parser = Parser(
        prog="plugax doctor", description="Report devices, versions, settings, plugins and caches."
    )
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument(
        "--speed",
        action="store_true",
        help="time what compilation buys on this machine instead; takes some seconds",
    )
    parser.add_argument(
        "--clear-cache",
        action="store_true",
        help="remove all compiled programs that are kept, instead",
    )
    arguments = parser.parse_args(argv)
    if arguments.clear_cache:
        return _clear(as_json=arguments.json)
    if arguments.speed:
        return _speed(as_json=arguments.json)
    # Plugins before JAX, so that the time of a plugin that imports JAX is counted for it.
    records = default_manager().records
    found = _found()
    if arguments.json:
        print_json(found | {"plugins": [entry(record) for record in records]})
        return SUCCESS
    sections = {
        "devices": _devices_text(found),
        "versions": columns(
            [(n, v or "not installed") for n, v in found["versions"].items()], indent=2
        ),
        "settings": columns(
            [(s["name"], s["value"] or "(not set)", s["reason"]) for s in found["settings"]],
            indent=2,
        ),
        "compilation cache": state_text(found["cache"]),
        "shell completion": _completion_text(found["completion"]),
        "plugins": _plugins_text(records),
    }
    for title, text in sections.items():
        answer(f"{title}\n{text}\n")
    return SUCCESS


def _clear(*, as_json: bool) -> int:
    """Remove the programs that are kept, and tell how many there were; JAX is not started."""
    apply(settings(os.environ, jaxlib_version()), os.environ)
    before = state()
    if before is not None:
        clear(pathlib.Path(before["directory"]))
    if as_json:
        print_json(before)
    elif before is None:
        answer("no compiled programs are kept")
    else:
        size = size_text(before["bytes"])
        answer(f"{before['directory']}: {before['programs']} programs removed, {size}")
    return SUCCESS


def _speed(*, as_json: bool) -> int:
    prepare()
    from ..comparison._text import duration
    from ._speed import measure

    rows = measure()
    if as_json:
        print_json(rows)
        return SUCCESS
    head = ("", "plain", "compiled", "in a solver", "gain")
    shown = [
        (r["what"], *(duration(r[name]) for name in ("plain", "compiled", "in_solver")), _gain(r))
        for r in rows
    ]
    answer(columns([head, *shown]))
    return SUCCESS


def _gain(row: dict[str, Any]) -> str:
    """How many times faster than plain the faster of the others is."""
    gain = row["plain"] / min(row["compiled"], row["in_solver"])
    return f"{gain:,.0f} ×" if gain >= 10 else f"{gain:.1f} ×"


def _found() -> dict[str, Any]:
    """The report without the plugins, as plain data."""
    started = "jax" in sys.modules
    chosen = settings(os.environ, jaxlib_version())
    prepare()
    versions = {"plugax": _version("plugax"), "python": platform.python_version()}
    versions |= {name: _version(name) for name in LIBRARIES} | {"system": platform.platform()}
    return {
        **_devices(),
        "versions": versions,
        "settings": [
            {
                "name": setting.name,
                "value": os.environ.get(setting.name),
                "reason": "JAX had started before plugax" if started else setting.reason,
            }
            for setting in chosen
        ],
        "cache": state(),
        "completion": _completion(),
    }


def _devices() -> dict[str, Any]:
    import jax
    import jax.numpy as jnp

    try:
        devices = [{"name": f"{d.platform}:{d.id}", "kind": d.device_kind} for d in jax.devices()]
    except RuntimeError as error:
        return {"devices": [], "error": str(error), "precision": None}
    return {"devices": devices, "error": None, "precision": jnp.result_type(float).name}


def _devices_text(found: dict[str, Any]) -> str:
    if found["error"] is not None:
        return paragraph(f"none: {found['error']}", indent=2)
    rows = [(device["name"], device["kind"]) for device in found["devices"]]
    rows.append(("precision", f"{found['precision']}, unless a problem asks for more"))
    return columns(rows, indent=2)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _completion() -> dict[str, Any]:
    """The file from which <TAB> is answered, and whether it is up to date; the next <TAB> sees."""
    path = file()
    known = read(path)
    return {"file": str(path), "current": known is not None and is_current(known)}


def _completion_text(completion: dict[str, Any]) -> str:
    state = "up to date" if completion["current"] else "to be made anew at the next <TAB>"
    return f"  {completion['file']}\n  {state}"


def _plugins_text(records: list[PluginRecord]) -> str:
    slow = [
        paragraph(
            f"{record.name} takes {record.seconds:.1f} s to import, which delays every command: "
            "let it register lazy targets, 'module:name', or leave it out with "
            f"PLUGAX_BLOCK={record.name}.",
            indent=2,
        )
        for record in records
        if record.seconds > SLOW_SECONDS
    ]
    return "\n".join([table(records, indent=2), *([""] if slow else []), *slow])
