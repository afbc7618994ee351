"""What can be told of a command line before any component, and so JAX, is imported.

Which options a component has, its class says; who exists, and what the common options take, is
known at once. A mistake there costs a tenth of a second instead of some.
"""

import argparse
from collections.abc import Iterable, Mapping

from ..plugins import default_manager
from ._flags import peek
from ._parser import Parser
from ._values import NONE


def check_common(parser: Parser, argv: list[str]) -> argparse.Namespace:
    """Parse the common options alone; what they give.

    Errors: `UsageError` for a value that one of them does not take, or that is missing.
    """
    known, _ = parser.parse_known_args([word for word in argv if word not in ("--help", "-h")])
    return known


def check_names(names: Mapping[str, Iterable[str | None]]) -> None:
    """Look names up, by kind; what is the user's own, `module:name`, is not imported yet.

    Errors: `UnknownNameError`, `AmbiguousNameError`.
    """
    for kind, wanted in names.items():
        for name in wanted:
            if name is not None and name != NONE and ":" not in name:
                default_manager().find(kind, name)


def names_given(argv: list[str], *kinds: str) -> dict[str, list[str | None]]:
    """The names that `--solver`, `--optimizer` and the like give, by kind."""
    return {kind: [peek(argv, f"--{kind}")] for kind in kinds}
