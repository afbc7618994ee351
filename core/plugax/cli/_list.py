"""`plugax list`: all components, by kind. Imports JAX only for `--for`."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from ..errors import PlugaxError
from ..plugins import (
    KINDS,
    Component,
    build,
    class_made_by,
    default_manager,
    install_command,
    known_of,
)
from ._exit import SUCCESS
from ._imported import add_current_directory
from ._parser import Parser
from ._text import answer, columns, print_json

PLURALS = {f"{kind}s": kind for kind in KINDS}


def main(argv: list[str]) -> int:
    """List components."""
    arguments = _parse(argv)
    kinds = [arguments.kind] if arguments.kind else list(PLURALS)
    if arguments.problem is not None:
        kinds, listed = ["solvers"], {"solvers": _fitting_solvers(arguments.problem)}
    else:
        listed = {kind: [_entry(c) for c in _components(kind)] for kind in kinds}
    if arguments.json:
        print_json(listed[kinds[0]] if arguments.kind or arguments.problem else listed)
        return SUCCESS
    sections = [
        (f"{kind}\n" if len(kinds) > 1 else "") + _table(listed[kind], indent=2 * (len(kinds) > 1))
        for kind in kinds
    ]
    answer("\n\n".join(sections))
    return SUCCESS


def _parse(argv: list[str]) -> Any:
    parser = Parser(prog="plugax list", description="List components by kind.")
    parser.add_argument(
        "kind", nargs="?", choices=PLURALS, metavar="KIND", help=f"{', '.join(PLURALS)}; or all"
    )
    parser.add_argument(
        "--for", dest="problem", metavar="PROBLEM", help="only solvers that fit this problem"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    if arguments.problem is not None and arguments.kind not in (None, "solvers"):
        parser.error(f"--for tells which solvers fit a problem, not which {arguments.kind}")
    return arguments


def _components(kind: str) -> list[Component]:
    return default_manager().components(PLURALS[kind])


def _entry(component: Component) -> dict[str, Any]:
    entry = {"name": component.name, "plugin": component.plugin, "summary": component.summary}
    return entry | ({"missing": list(component.missing)} if component.missing else {})


def _fitting_solvers(problem: str) -> list[dict[str, Any]]:
    """The solvers that fit a problem: its default first, then others that it recommends."""
    if ":" in problem:
        add_current_directory()
    component = default_manager().find("problem", problem)
    from ..runner import fitting
    from ._environment import prepare

    prepare()
    target = component.load()
    recipes = list(known_of(target, "recipes", {}))
    try:
        with _offline():
            names = set(fitting(build("problem", problem, {})))
    except PlugaxError:
        # It needs options, or data that are not there: its kind has to do.
        made = class_made_by(target)
        if made is None:
            raise
        names = set(fitting(made))
    entries = [
        _entry(c) | {"recommended": c.name in recipes, "default": c.name in recipes[:1]}
        for c in _components("solvers")
        if c.name in names
    ]
    order = {name: place for place, name in enumerate(recipes)}
    return sorted(entries, key=lambda entry: order.get(entry["name"], len(order)))


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    """Fetch no data: a list is not worth a download."""
    before = os.environ.get("PLUGAX_OFFLINE")
    os.environ["PLUGAX_OFFLINE"] = "1"
    try:
        yield
    finally:
        del os.environ["PLUGAX_OFFLINE"]
        if before is not None:
            os.environ["PLUGAX_OFFLINE"] = before


def _table(entries: list[dict[str, Any]], *, indent: int) -> str:
    if not entries:
        return " " * indent + "(none)"
    return columns(
        [(e["name"], e["plugin"], _mark(e) + e["summary"]) for e in entries], indent=indent
    )


def _mark(entry: dict[str, Any]) -> str:
    if "missing" in entry:
        return f"({install_command(entry['missing'])}) "
    if entry.get("default"):
        return "(default) "
    return "(recommended) " if entry.get("recommended") else ""
