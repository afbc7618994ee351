"""The pages of the reference made from the registry: components with options, and commands."""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import plugax as px
from plugax.cli import main
from plugax.cli._main import COMMANDS
from plugax.plugins import KINDS

ABOUT = {
    "problem": "What is unknown, and how well a candidate explains the data.",
    "solver": "What finds the unknowns of a problem.",
    "optimizer": "What turns gradients into updates, inside the solver `gradient`.",
    "integrator": "What advances a model in time.",
    "observer": "What is told how a run goes, between chunks, on the host.",
}


def write(directory: pathlib.Path) -> None:
    """Write a page for every kind of component, and one for the commands."""
    directory.mkdir(parents=True, exist_ok=True)
    described = _described()
    for kind in KINDS:
        entries = [entry for entry in described if entry["kind"] == kind]
        (directory / f"{kind}s.md").write_text(_page(kind, entries))
    (directory / "commands.md").write_text(_commands())


def _described() -> list[dict[str, Any]]:
    """What `plugax describe` says of everything that is registered here, bundled or not."""
    names = sorted({f"{c.plugin}:{c.name}" for c in px.default_manager().components()})
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        main(["describe", *names, "--json"])
    return json.loads(told.getvalue())


def _page(kind: str, entries: list[dict[str, Any]]) -> str:
    rows = [f"| [`{e['name']}`](#{e['name']}) | {e['summary']} | {e['plugin']} |" for e in entries]
    head = [f"# {kind.capitalize()}s by name\n", f"{ABOUT[kind]}\n"]
    table = ["| name | what it is | plugin |", "|---|---|---|", *rows, ""]
    return "\n".join([*head, *table, *map(_component, entries)])


def _component(entry: dict[str, Any]) -> str:
    """One component: summary, documentation, options, recommended solvers."""
    parts = [f"## {entry['name']}\n", f"*{entry['summary']}*\n", entry["documentation"] + "\n"]
    if entry.get("requires"):
        parts.append(f"Needs a problem that is an `{entry['requires']}`.\n")
    if entry.get("precision"):
        parts.append(f"Meant for {entry['precision']}.\n")
    if entry["options"]:
        parts.append("| option | type | default | |\n|---|---|---|---|")
        parts += [_option(option) for option in entry["options"]] + [""]
    if entry.get("recipes"):
        names = ", ".join(f"`{name}`" for name in entry["recipes"])
        parts.append(f"Recommended solvers, the first by default: {names}.\n")
    return "\n".join(parts)


def _option(option: dict[str, Any]) -> str:
    default = "required" if option["required"] else f"`{json.dumps(option['default'])}`"
    if option["default"] is None and option.get("preset") is not None:
        default = f"`{json.dumps(option['preset'])}`, of the preset"
    cells = (f"`{option['name']}`", option["type"], default, option["help"] or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _commands() -> str:
    """The help of the command and of all its parts, as a terminal shows it."""
    parts = ["# The command line, word for word\n"]
    parts.append("What it is like to use it: [the command line](../command-line.md).\n")
    for command in ("", *COMMANDS):
        words = [*command.split(), "--help-all"]
        shown = subprocess.run(
            [sys.executable, "-m", "plugax", *words],
            env=os.environ | {"COLUMNS": "80"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        parts.append(f"## plugax {command}".rstrip() + f"\n\n```text\n{shown.rstrip()}\n```\n")
    return "\n".join(parts)
