"""The example of a component, as a command and as two lines of Python."""

import dataclasses
import json
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from ..plugins import Component, class_made_by
from ._component import ResolvedComponent
from ._flags import add_flags
from ._values import show

IMPORT = "import plugax as px"
DOUBLE = 'import jax, plugax as px; jax.config.update("jax_enable_x64", True)'
"""For a problem that needs float64, which the command line switches on by itself."""
Tables = dict[str, dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Example:
    """An example.

    Attributes:
        command: for the shell; None if only Python can say it.
        python: two lines.
        placeholders: words in capitals that stand for values of the user's own.
    """

    command: str | None
    python: tuple[str, str]
    placeholders: tuple[str, ...] = ()


def command_of(tables: Tables, roots: list[ResolvedComponent]) -> str:
    """The command of a run, with the short form of every flag if there is one.

    Arguments:
        tables: the tables of a configuration.
        roots: all components of the run, some of which the tables may leave out.
    """
    from ._request import run_parser

    parser = run_parser(inner=False)
    add_flags(parser, roots, [])
    forms = {action.dest: action.option_strings for action in parser._actions}
    words = ["plugax", "run", tables["problem"]["name"]]
    for kind, table in tables.items():
        words += [] if kind == "problem" else [f"--{kind}", table["name"]]
        words += _flags(table, (kind,), forms)
    return shlex.join(words)


def _flags(table: dict[str, Any], path: tuple[str, ...], forms: dict[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        if name == "name":
            continue
        inner = (*path, name)
        flag, *others = forms[".".join(inner)]
        if isinstance(value, bool):
            yield flag if value else next(o for o in others if o.startswith("--no-"))
        elif isinstance(value, dict):
            yield from (flag, value["name"])
            yield from _flags(value, inner, forms)
        else:
            yield from (flag, show(value))


def python_of(tables: Tables, parts: Iterable[ResolvedComponent]) -> str:
    """The call of `px.solve` that is this run.

    Arguments:
        tables: the tables of a configuration.
        parts: all components of the run.
    """
    kinds = {part.path: part.component.kind for part in parts}
    arguments = [_expression(tables["problem"], ("problem",), kinds)]
    if "solver" in tables:
        solver = tables["solver"]
        arguments += [json.dumps(solver["name"]), *_keywords(solver, ("solver",), kinds)]
    if "observer" in tables:
        arguments.append(f"observers=[{_expression(tables['observer'], ('observer',), kinds)}]")
    return f"print(px.solve({', '.join(arguments)}))"


def _expression(value: Any, path: tuple[str, ...], kinds: dict[tuple[str, ...], str]) -> str:
    """A value in Python; for a table, the component that it describes."""
    if isinstance(value, dict):
        name, options = json.dumps(value["name"]), _keywords(value, path, kinds)
        return f"px.{kinds[path]}({', '.join([name, *options])})" if options else name
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _keywords(
    table: dict[str, Any], path: tuple[str, ...], kinds: dict[tuple[str, ...], str]
) -> list[str]:
    return [
        f"{name}={_expression(value, (*path, name), kinds)}"
        for name, value in table.items()
        if name != "name"
    ]


def integration(integrator: Component) -> Example:
    """An integrator by itself: ten steps of dy = −y / 2 dt, with noise y dW if it takes noise."""
    from ..integrators import AbstractStochasticIntegrator

    made = class_made_by(integrator.load())
    noisy = made is not None and issubclass(made, AbstractStochasticIntegrator)
    fields = "lambda t, y: -y / 2, " + "lambda t, y: y, " * noisy
    key = "key=jax.random.key(0), " * noisy
    call = f"trajectory({fields}jax.numpy.ones(1), {key}dt=0.1, steps=10)"
    name = json.dumps(integrator.name)
    return Example(None, ("import jax, plugax as px", f"print(px.integrator({name}).{call})"))
