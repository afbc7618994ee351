"""The solvers of a comparison as given on the command line, each with its own options.

--solvers etkf,letkf    --solver "letkf --members 10 --radius 6"
"""

import argparse
import functools
import shlex
from collections.abc import Iterable
from typing import Any

from ..errors import PlugaxError
from ..plugins import JOINS
from ._component import ResolvedComponent
from ._flags import add_flags, join_negative_numbers, parse_flags, peek_component
from ._parser import Parser, UsageError
from ._request import choose_solver
from ._values import show

Entrant = str | list[str]
"""A solver's name; or all words of a `--solver`, its name and its options."""


def add_solver_flags(parser: Parser) -> None:
    """Add `--solvers` and `--solver`, which may be mixed and repeated; their order is kept."""
    add = functools.partial(parser.add_argument, dest="solvers")
    add(
        "--solvers",
        action="extend",
        type=names,
        metavar="A,B,…",
        help="names; default: all that the problem recommends",
    )
    add(
        "--solver",
        action="append",
        type=_words,
        metavar='"A --option value…"',
        help="a solver with options, as in `plugax run --solver A`; may be repeated",
    )


def names(text: str) -> list[str]:
    """The names in a comma-separated text."""
    return [name.strip() for name in text.split(",") if name.strip()]


def entries_of(problem: ResolvedComponent, entrants: Iterable[Entrant]) -> dict[str, Any]:
    """The solvers to compare, by labels that are all different.

    Errors: those of `plugax run` for the options of a solver, preceded by the solver.
    """
    from ..comparison._contestants import with_different_labels

    return with_different_labels(
        (entrant, entrant) if isinstance(entrant, str) else _parse(problem, entrant)
        for entrant in entrants
    )


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error} in {text!r}") from error
    if not words or words[0].startswith("-"):
        raise argparse.ArgumentTypeError(
            f'expected a name, then options of that solver, as in "A --option value"; got {text!r}'
        )
    count = 1  # of the words in the name, which may be "gradient then lbfgs"
    while words[count : count + 1] == [JOINS]:
        count += 2
    return [" ".join(words[:count]), *words[count:]]


def _parse(problem: ResolvedComponent, words: list[str]) -> tuple[str, dict[str, Any]]:
    """A solver's label and its spec, from its name and its flags."""
    name, *argv = join_negative_numbers(words)
    solver = choose_solver(problem, name, {}, functools.partial(peek_component, argv))
    # Errors refer to the help of this command, which lists the same options.
    prog = f"plugax run {problem.name} --solver {name}"
    parser = Parser(prog=prog, brief=True, usage=f"{prog} [--option value]…")
    add_flags(parser, [solver], argv)
    try:
        flags = vars(parse_flags(parser, argv, [solver]))
    except UsageError as error:
        raise PlugaxError(f'--solver "{shlex.join(words)}": {error}') from error
    root = "solver."
    given = ", ".join(
        f"{flag.removeprefix(root)}={show(value)}"
        for flag, value in flags.items()
        if flag.startswith(root)
    )
    return f"{name}({given})" if given else name, solver.spec()
