"""Components made by hand for a saved run, given again by name: `--problem mymodel:Bowl`."""

import argparse
from typing import Any

from ..plugins import build
from ._import_path import add_current_directory
from ._parser import Parser

KINDS = ("problem", "solver")


def add_own_flags(parser: Parser) -> None:
    """Add `--problem` and `--solver`."""
    for kind in KINDS:
        parser.add_argument(
            f"--{kind}",
            metavar="TARGET",
            help=f"the {kind} of a run if it was made by hand in Python: a name, or module:name",
        )


def own_components(arguments: argparse.Namespace) -> dict[str, Any]:
    """The components given by name; modules in the current directory may be imported."""
    add_current_directory()
    given = {kind: getattr(arguments, kind) for kind in KINDS}
    return {kind: build(kind, name, {}) for kind, name in given.items() if name is not None}
