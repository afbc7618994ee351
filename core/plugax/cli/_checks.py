"""The checks of one component, and their results as plain data."""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

from ._component import ResolvedComponent
from ._imported import ImportedComponent
from ._text import answer

# The checks on which all others depend.
GRANTED = ("made", "init", "loss", "state")
Checks = dict[str, Callable[[], Any]]


@dataclasses.dataclass(frozen=True)
class Results:
    """How the checks of a component went.

    Attributes:
        target: the component's name.
        kind: its kind.
        checks: the result of every check that was run.
        not_run: the number of checks that were not, since they depend on the last one.
        needs: the options without which it cannot be made; then nothing was run.
    """

    target: str
    kind: str
    checks: list[dict[str, Any]]
    not_run: int
    needs: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """The number of checks that failed."""
        return sum(not check["passed"] for check in self.checks)

    @property
    def passed(self) -> int:
        """The number of checks that passed."""
        return len(self.checks) - self.failed

    def as_plain(self) -> dict[str, Any]:
        """The results as plain data."""
        return {
            "target": self.target,
            "kind": self.kind,
            "passed": not self.failed and not self.needs,
            "failed": self.failed,
            "not_run": self.not_run,
            "checks": self.checks,
        }


def checks_of(
    name: str, found: ResolvedComponent | ImportedComponent, seed: int
) -> tuple[str, Checks]:
    """The kind of a component, and its checks by name, each called without arguments."""
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
    checks: Checks = {}
    for check in checks_for(kind, component):
        label = check.__name__.removeprefix("check_").removeprefix(f"{kind}_")
        checks[label.replace("_", " ")] = functools.partial(BoundCheck(check, subject, {}), key)
    for laws in laws_of(type(component)) if kind == "problem" else ():
        checks |= laws.details(component, key) if laws.details else {}
    return kind, checks


def run_checks(target: str, kind: str, checks: Checks, *, tell: bool) -> Results:
    """Run checks one after the other, as far as it makes sense.

    Arguments:
        target: the component's name.
        kind: its kind.
        checks: the checks by name.
        tell: whether to print a line for every result.
    """
    results: list[dict[str, Any]] = []
    width = max(map(len, checks), default=0)
    for label, check in checks.items():
        results.append(_result(label, check))
        if tell:
            _print(results[-1], width)
        if label in GRANTED and not results[-1]["passed"]:
            break
    return Results(target, kind, results, len(checks) - len(results))


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
