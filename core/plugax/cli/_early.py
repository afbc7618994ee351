"""Checks of a command line that are possible before any component, and thus JAX, is imported.

The options of a component are known only from its class. But the names of components, and the
values of common options, can be checked at once: a mistake there is reported within a tenth of a
second instead of several seconds.
"""

import argparse
from collections.abc import Iterable, Mapping

from ..plugins import default_manager, in_words
from ._flags import peek
from ._parser import HELP, Parser
from ._values import NONE


def check_common(parser: Parser, argv: list[str]) -> argparse.Namespace:
    """Parse only the common options, and return their values.

    Errors: `UsageError` for an invalid or missing value of one of them.
    """
    known, _ = parser.parse_known_args([word for word in argv if word not in HELP])
    return known


def check_names(names: Mapping[str, Iterable[str | None]]) -> None:
    """Look up names by kind; a user's own component, `module:name`, is not imported yet.

    Errors: `UnknownNameError`, `AmbiguousNameError`.
    """
    for kind, wanted in names.items():
        for name in wanted:
            if name is not None and name != NONE:
                for one in _names_in(kind, name):
                    if ":" not in one:
                        default_manager().find(kind, one)


def _names_in(kind: str, text: str) -> list[str]:
    """The names in a text: several for solvers one after the other."""
    if kind != "solver" or in_words(text) == (text, {}):
        return [text]
    return list(dict.fromkeys(text.split()))


def names_given(argv: list[str], *kinds: str) -> dict[str, list[str | None]]:
    """The names given by `--solver`, `--optimizer` and similar flags, by kind."""
    return {kind: [peek(argv, f"--{kind}")] for kind in kinds}
