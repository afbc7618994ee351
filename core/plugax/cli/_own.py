"""What a saved run was made from by hand, named anew: `--problem mymodel:Bowl`."""

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
            help=f"the {kind} of a run that was made by hand in Python: a name, or module:name",
        )


def own_components(arguments: argparse.Namespace) -> dict[str, Any]:
    """The components that are named, made; what is saved may be imported from here too."""
    add_current_directory()
    given = {kind: getattr(arguments, kind) for kind in KINDS}
    return {kind: build(kind, name, {}) for kind, name in given.items() if name is not None}
