"""`plugax check`: test a component, registered or your own, against the laws of its kind."""

import functools
import time
from collections.abc import Callable
from typing import Any

from ..errors import PlugaxError, did_you_mean
from ..plugins import KINDS, default_manager
from ._component import ResolvedComponent, choose
from ._environment import prepare
from ._exit import FAILURE, SUCCESS
from ._flags import add_flags, join_negative_numbers, parse_flags, peek_component
from ._imported import ImportedComponent, import_component
from ._parser import Parser, version
from ._request import problem_name as first_name
from ._signals import restore_signals
from ._text import answer, print_json

# The checks on which all others depend.
GRANTED = ("init", "loss", "state")


def main(argv: list[str]) -> int:
    """Check, and print a line for every check."""
    argv = join_negative_numbers(argv)
    name = first_name(argv)
    if name is None:
        _parser("plugax check").parse_args(argv)
        raise PlugaxError("What is to be checked? A name, or module:name of your own.")
    prepare()
    found = _find(name, argv)
    parser = _parser(f"plugax check {name}")
    roots = [found] if isinstance(found, ResolvedComponent) else []
    add_flags(parser, roots, argv)
    flags = parse_flags(parser, argv, roots)
    kind, checks = _checks(name, found, flags.seed)
    restore_signals()
    width = max(map(len, checks))
    results, label = [], ""
    for label, check in checks.items():
        results.append(_result(label, check))
        if not flags.json:
            _print(results[-1], width)
        if label in GRANTED and not results[-1]["passed"]:
            break
    failed = sum(not result["passed"] for result in results)
    if flags.json:
        print_json(
            {
                "target": name,
                "kind": kind,
                "passed": not failed,
                "failed": failed,
                "not_run": len(checks) - len(results),
                "checks": results,
                "plugax": version(),
            }
        )
    else:
        answer(f"{failed} of {len(results)} checks failed" if failed else f"{len(results)} passed")
        if len(results) < len(checks):
            answer(f"{len(checks) - len(results)} were not run, since they depend on {label!r}")
    return FAILURE if failed else SUCCESS


def _parser(prog: str) -> Parser:
    parser = Parser(
        prog=prog,
        brief=True,
        usage="plugax check TARGET [--option value]…",
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
    add("--seed", type=int, default=0, metavar="K", help="seed of all random numbers; default: 0")
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


def _checks(
    name: str, found: ResolvedComponent | ImportedComponent, seed: int
) -> tuple[str, dict[str, Callable[[], Any]]]:
    """The kind of the component, and its checks by name, each called without arguments."""
    import jax

    import plugax

    from ..testing._checks import checks_for
    from ..testing._parametrize import BoundCheck, Subject
    from ..testing.claims._precision import make_in_precision
    from ..testing.kinds._laws import laws_of

    if isinstance(found, ResolvedComponent):
        spec = found.spec()
        build = getattr(plugax, found.component.kind)
        kind, known = found.component.kind, found.target
        make = functools.partial(build, spec.pop("name"), **spec)
    else:
        kind, known, make = found.kind, found.known, found.make
    key = jax.random.key(seed)
    component = make_in_precision(make, getattr(known, "precision", None))
    again = isinstance(found, ResolvedComponent) or found.known is not component
    subject = Subject(kind, name, component, make, repeatable=again)
    checks: dict[str, Callable[[], Any]] = {}
    for check in checks_for(kind, component):
        label = check.__name__.removeprefix("check_").removeprefix(f"{kind}_")
        checks[label.replace("_", " ")] = functools.partial(BoundCheck(check, subject, {}), key)
    for laws in laws_of(type(component)) if kind == "problem" else ():
        checks |= laws.details(component, key) if laws.details else {}
    return kind, checks


def _result(name: str, check: Callable[[], Any]) -> dict[str, Any]:
    """The result of a check, as plain data."""
    began = time.perf_counter()
    figure, message = None, None
    try:
        figure = check()
    except AssertionError as error:
        message = str(error)
    # A component that raises an unexpected exception has not passed; the other checks go on.
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
    return {
        "name": name,
        "passed": message is None,
        "figure": None if figure is None else str(figure),
        "message": message,
        "seconds": time.perf_counter() - began,
    }


def _print(result: dict[str, Any], width: int) -> None:
    word = "passed" if result["passed"] else "FAILED"
    figure = result["figure"] or f"{result['seconds']:.1f} s"
    answer(f"{word}  {result['name']:<{width}}  {figure}")
    if result["message"]:
        answer(f"        {result['message']}")
