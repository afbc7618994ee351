"""The observers of a run: named by flags or by the configuration, with options.

--observer csv --path losses.csv      --observer csv --observer early --observer.csv.path losses.csv
"""

import argparse
import collections
import sys
from collections.abc import Iterable
from typing import Any

from ..errors import PlugaxError
from ..plugins import build, default_manager
from ._component import Layer, Peek, ResolvedComponent, choose
from ._parser import Parser
from ._values import NONE
from ._verbosity import quiet


def add_observer_flag(parser: Parser) -> None:
    """Add `--observer`, which may be repeated."""
    parser.add_further(
        "--observer",
        dest="observers",
        action="append",
        metavar="NAME",
        help="an observer of the progress; may be repeated; with several, their options are "
        "--observer.NAME.OPTION; 'none' leaves out those of the configuration",
    )


def choose_observers(
    argv: list[str], configured: Iterable[Layer], find: Peek
) -> list[ResolvedComponent]:
    """The observers named by flags, or else by the configuration, with options from the latter.

    Errors: as `choose`; `PlugaxError` for one that is named twice.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    # The full parser reports a flag without a value.
    parser.add_argument("--observer", action="append", nargs="?", default=None)
    given = [name for name in parser.parse_known_args(argv)[0].observer or () if name]
    layers = {layer["name"]: layer for layer in configured}
    names = list(layers) if not given else [name for name in given if name != NONE]
    twice = [name for name, count in collections.Counter(names).items() if count > 1]
    if twice:
        raise PlugaxError(f"The observer {twice[0]!r} is named twice; name it once.")
    return [
        choose(
            "observer",
            name,
            [layers.get(name, {})],
            find,
            ("observer",) if len(names) == 1 else ("observer", name),
        )
        for name in names
    ]


def make_observers(chosen: Iterable[ResolvedComponent]) -> list[Any]:
    """The observers, and the progress bar if it can be seen and its plugin is in use."""
    specs = [observer.spec() for observer in chosen]
    made = [build("observer", spec, {}) for spec in specs]
    known = {component.name for component in default_manager().components("observer")}
    named = {spec["name"].rpartition(":")[2] for spec in specs}
    if sys.stderr.isatty() and not quiet() and "progress" in known - named:
        made.append("progress")
    return made
