"""What is known of a saved run before it is loaded, and its components if made by hand."""

import argparse
import json
import pathlib
from typing import Any

from ..plugins import build
from ._imported import add_current_directory
from ._parser import Parser

KINDS = ("problem", "solver")


def add_own_flags(parser: Parser) -> None:
    """Add `--problem` and `--solver`."""
    for kind in KINDS:
        parser.add_further(
            f"--{kind}",
            metavar="TARGET",
            help=f"the {kind} of a run if it was made by hand in Python: a name, or module:name",
        )


def own_components(arguments: argparse.Namespace) -> dict[str, Any]:
    """The components given by name; modules in the current directory may be imported."""
    add_current_directory()
    given = {kind: getattr(arguments, kind) for kind in KINDS}
    return {kind: build(kind, name, {}) for kind, name in given.items() if name is not None}


def saved_precision(directory: str) -> str | None:
    """The precision of a saved run, the only one in which its arrays can be read.

    None if there is no solution in the directory; then `plugax.load` raises a good error.
    """
    try:
        sweep = pathlib.Path(directory) / "sweep.json"
        if sweep.exists():
            return json.loads(sweep.read_text())["groups"][0]["provenance"]["precision"]
        for plan in pathlib.Path(directory).glob("slices/*/plan.json"):
            return json.loads(plan.read_text())["provenance"]["precision"]
        summary = json.loads((pathlib.Path(directory) / "solution.json").read_text())
        return summary["provenance"]["precision"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
