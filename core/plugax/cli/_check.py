"""`plugax check`: test a component, or all of a plugin, against the laws of its kind."""

import argparse
import contextlib
import functools
from typing import Any

from ..errors import PlugaxError, did_you_mean
from ..plugins import KINDS, default_manager
from ._badge import badge_file, write_badge
from ._check_plugin import as_plain, check_plugin
from ._checks import Results, checks_of, run_checks
from ._component import ResolvedComponent, choose
from ._environment import prepare
from ._exit import FAILURE, SUCCESS
from ._flags import add_flags, join_negative_numbers, parse_flags, peek, peek_component
from ._imported import ImportedComponent, import_component
from ._parser import Parser, version
from ._request import problem_name as first_name
from ._signals import restore_signals
from ._text import answer, print_json


def main(argv: list[str]) -> int:
    """Check, and print a line for every check."""
    argv = join_negative_numbers(argv)
    _begin_badge(peek(argv, "--badge"))
    if "--plugin" in argv or peek(argv, "--plugin") is not None:
        return _check_all_of(argv)
    name = first_name(argv)
    if name is None:
        _parser("plugax check").parse_args(argv)
        raise PlugaxError(
            "What is to be checked? A name, or module:name of your own; or --plugin NAME."
        )
    prepare()
    found = _find(name, argv)
    parser = _parser(f"plugax check {name}")
    roots = [found] if isinstance(found, ResolvedComponent) else []
    add_flags(parser, roots, argv)
    flags = parse_flags(parser, argv, roots)
    kind, checks = checks_of(name, found, flags.seed)
    restore_signals()
    results = run_checks(name, kind, checks, tell=not flags.json)
    if flags.json:
        print_json(results.as_plain() | {"plugax": version()})
    return _end(flags, [results])


def _begin_badge(text: str | None) -> None:
    """Make a badge grey, whatever follows; a wrong file is refused when all flags are read."""
    with contextlib.suppress(argparse.ArgumentTypeError):
        if text is not None:
            write_badge(badge_file(text))


def _check_all_of(argv: list[str]) -> int:
    """Check a plugin, and print a line for every check of every component."""
    flags = _parser("plugax check").parse_args(argv)
    if flags.target is not None:
        raise PlugaxError(
            f"Either --plugin, or one target; got both {flags.plugin!r} and {flags.target!r}."
        )
    several = check_plugin(flags.plugin, flags.seed, tell=not flags.json)
    if flags.json:
        print_json(as_plain(flags.plugin, several) | {"plugax": version()})
    return _end(flags, several)


def _end(flags: Any, several: list[Results]) -> int:
    """Print the sum, write the badge, and return the exit status."""
    passed, failed, not_run = (
        sum(getattr(results, name) for results in several)
        for name in ("passed", "failed", "not_run")
    )
    if not flags.json:
        if not several:
            answer(f"The plugin {flags.plugin!r} registers nothing that could be checked.")
            return SUCCESS
        answer(f"{failed} of {passed + failed} checks failed" if failed else f"{passed} passed")
        for results in several:
            if results.needs:
                needs = ", ".join(results.needs)
                answer(f"{results.target} was not checked: it needs {needs}; check it by itself")
            elif results.not_run:
                last = results.checks[-1]["name"]
                answer(f"{results.not_run} were not run, since they depend on {last!r}")
    if flags.badge is not None:
        write_badge(flags.badge, passed, failed, not_run)
    return FAILURE if failed else SUCCESS


def _parser(prog: str) -> Parser:
    parser = Parser(
        prog=prog,
        brief=True,
        usage="plugax check TARGET [--option value]…\n       plugax check --plugin NAME",
        description="Run the conformance checks that fit a component: a problem with its options, "
        "a solver, an optimizer, an integrator, an observer. For a state-space problem, also the "
        "tangent-linear, adjoint and Taylor tests of its model, observations and loss.",
    )
    add = parser.add_argument
    add(
        "target",
        nargs="?",
        metavar="TARGET",
        help="a name from `plugax list`, or module:name of your own class, function or object; the "
        "module may be in the current directory",
    )
    add("--plugin", metavar="NAME", help="check all components of a plugin instead")
    add("--seed", type=int, default=0, metavar="K", help="seed of all random numbers; default: 0")
    add(
        "--badge",
        type=badge_file,
        metavar="FILE",
        help="write a badge, green if all checks passed: .svg, or .json for shields.io",
    )
    add("--json", action="store_true", help="print one JSON object on standard output")
    return parser


def _find(name: str, argv: list[str]) -> ResolvedComponent | ImportedComponent:
    """The registered component of this name, a problem before other kinds; else an imported one."""
    known = default_manager().components()
    bare = name.rpartition(":")[2]
    for kind in KINDS:
        owners = [c for c in known if c.kind == kind and c.name == bare]
        if owners and (":" not in name or any(f"{c.plugin}:{bare}" == name for c in owners)):
            return choose(kind, name, [], functools.partial(peek_component, argv))
    if ":" not in name:
        close = did_you_mean(name, {component.name for component in known})
        raise PlugaxError(
            f"Nothing is named {name!r}.{close} `plugax list` lists all names; give a component of "
            "your own as module:name."
        )
    return import_component(name)
