"""`plugax plugins`: every plugin, and whether it is in use. Imports no JAX."""

import dataclasses
from typing import Any

from .._terminal import paragraph
from ..plugins import KINDS, AvailablePlugin, PluginRecord, available_plugins, default_manager
from ._exit import SUCCESS
from ._parser import Parser
from ._text import answer, columns, print_json


def main(argv: list[str]) -> int:
    """List plugins."""
    parser = Parser(prog="plugax plugins", description="List the plugins of this environment.")
    parser.add_argument(
        "--all", action="store_true", help="also list plugins that failed, were refused or blocked"
    )
    parser.add_argument(
        "--available",
        action="store_true",
        help="list known plugins instead, installed or not: the directory of this version",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    if arguments.available:
        if arguments.all:
            parser.error("either --all, of this environment, or --available")
        known = available_plugins()
        if arguments.json:
            print_json([dataclasses.asdict(p) | {"installed": p.installed} for p in known])
        else:
            answer(columns([("plugin", "here", "brings", "kit", ""), *map(_row, known)]))
        return SUCCESS
    records = [r for r in default_manager().records if arguments.all or r.status == "active"]
    if arguments.json:
        print_json([entry(record) for record in records])
        return SUCCESS
    answer(table(records))
    return SUCCESS


def _row(plugin: AvailablePlugin) -> tuple[str, ...]:
    """A known plugin as a line of the table."""
    here = "bundled" if plugin.bundled else plugin.installed or f"pip install {plugin.distribution}"
    kit = f"passed with {plugin.kit}" if plugin.kit else "not known"
    return plugin.name, here, ", ".join(plugin.brings), kit, plugin.summary


def entry(record: PluginRecord) -> dict[str, Any]:
    """A plugin as plain data."""
    registers = {
        f"{kind}s": [c.name for c in record.components if c.kind == kind] for kind in KINDS
    }
    return {
        "name": record.name,
        "distribution": record.distribution,
        "version": record.version,
        "status": record.status,
        "error": record.error,
        "seconds": record.seconds,
        "registers": {kind: names for kind, names in registers.items() if names},
    }


def table(records: list[PluginRecord], *, indent: int = 0) -> str:
    """The plugins as text, with errors below."""
    if not records:
        return " " * indent + "(none)"
    rows = [
        (r.name, r.status, f"{r.distribution} {r.version}".strip(), _registers(r)) for r in records
    ]
    errors = [paragraph(f"{r.name}: {r.error}", indent=indent + 2) for r in records if r.error]
    return "\n".join([columns(rows, indent=indent), *([""] if errors else []), *errors])


def _registers(record: PluginRecord) -> str:
    """The components of a plugin: their names if they are few, else their number."""
    parts = []
    for kind, names in entry(record)["registers"].items():
        few = len(names) <= 4
        parts.append(f"{kind}: {', '.join(names)}" if few else f"{len(names)} {kind}")
    return "; ".join(parts)
