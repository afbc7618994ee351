"""`plugax check`: test a component, or all of a plugin, against the laws of its kind."""

import argparse
import contextlib
import functools
from typing import Any

from ..errors import PlugaxError, did_you_mean
from ..plugins import KINDS, Component, default_manager, options_of
from ._badge import badge_file, write_badge
from ._checks import Checks, Results, checks_of, run_checks
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
        return _check_plugin(argv)
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
    results = run_checks(name, kind, checks, functools.partial(_tell, flags, _width(checks)))
    if flags.json:
        print_json(results.as_plain() | {"plugax": version()})
    return _end(flags, [results])


def _begin_badge(text: str | None) -> None:
    """Make a badge grey, whatever follows; a wrong file is refused when all flags are read."""
    with contextlib.suppress(argparse.ArgumentTypeError):
        if text is not None:
            write_badge(badge_file(text))


def _check_plugin(argv: list[str]) -> int:
    """Check every component of a plugin, with its default options."""
    flags = _parser("plugax check").parse_args(argv)
    if flags.target is not None:
        raise PlugaxError(
            f"Either --plugin, or one target; got both {flags.plugin!r} and {flags.target!r}."
        )
    known = {record.entry_point: record for record in default_manager().records}
    record = known.get(flags.plugin)
    if record is None or record.status != "active":
        why = f" It is {record.status}: {record.error}" if record else ""
        raise PlugaxError(
            f"No plugin {flags.plugin!r} is in use.{why}{did_you_mean(flags.plugin, known)} "
            "`plugax plugins --all` lists all."
        )
    if not record.components:
        raise PlugaxError(f"The plugin {flags.plugin!r} registers nothing that could be checked.")
    prepare()
    restore_signals()
    several = []
    for component in record.components:
        name = f"{component.plugin}:{component.name}"
        kind, checks = component.kind, {}
        if not flags.json:
            answer(f"{kind} {component.name}")
        missing = _missing(component)
        if missing:
            several.append(Results(name, kind, [], not_run=1, needs=missing))
            continue
        try:
            found = choose(kind, name, [], _nothing)
            _, checks = checks_of(name, found, flags.seed)
        except Exception as error:  # one that cannot be made must not keep others from being tested
            checks = {"made": functools.partial(_raise, error)}
        tell = functools.partial(_tell, flags, _width(checks))
        several.append(run_checks(name, kind, checks, tell))
    if flags.json:
        failed = sum(results.failed for results in several)
        print_json(
            {
                "target": flags.plugin,
                "kind": "plugin",
                "passed": all(results.as_plain()["passed"] for results in several),
                "failed": failed,
                "not_run": sum(results.not_run for results in several),
                "components": [results.as_plain() for results in several],
                "plugax": version(),
            }
        )
    return _end(flags, several)


def _missing(component: Component) -> tuple[str, ...]:
    """The options without which a component cannot be made."""
    try:
        return tuple(o.name for o in options_of(component.load()) if o.required)
    except PlugaxError:
        return ()  # to make it fails with the message


def _nothing(path: tuple[str, ...], kind: str) -> None:  # noqa: ARG001 - no flag names a part
    return None


def _raise(error: Exception) -> None:
    raise error


def _end(flags: Any, several: list[Results]) -> int:
    """Print the sum, write the badge, and return the exit status."""
    passed, failed, not_run = (
        sum(getattr(results, name) for results in several)
        for name in ("passed", "failed", "not_run")
    )
    if not flags.json:
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


def _width(checks: Checks) -> int:
    return max(map(len, checks), default=0)


def _tell(flags: Any, width: int, result: dict[str, Any]) -> None:
    if flags.json:
        return
    word = "passed" if result["passed"] else "FAILED"
    figure = result["figure"] or f"{result['seconds']:.1f} s"
    answer(f"{word}  {result['name']:<{width}}  {figure}")
    if result["message"]:
        answer(f"        {result['message']}")
