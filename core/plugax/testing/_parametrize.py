"""One test for every component and check."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax.random as jr
from jaxtyping import PRNGKeyArray

from ..errors import PlugaxError, PluginError, did_you_mean
from ..plugins import PluginManager, build, default_manager
from ..problems import AbstractProblem
from ._checks import Check, checks_for, interface_of
from .claims._precision import make_in_precision


@dataclasses.dataclass
class Subject:
    """A component to check; made on first use and kept, since making it may take long.

    Attributes:
        kind: `"problem"`, `"solver"`, `"optimizer"`, `"integrator"`, `"observer"` or `"data"`.
        name: its name in the names of tests.
        known: the object or its class; anything else if neither is known before it is made.
        make: a function that makes it.
        repeatable: whether `make` makes a new object every time.
    """

    kind: str
    name: str
    known: Any
    make: Callable[[], Any]
    repeatable: bool

    @functools.cached_property
    def component(self) -> Any:
        """The component."""
        return self.another()

    def another(self) -> Any:
        """Another component, made in the same way."""
        precision = getattr(self.known, "precision", None)
        found = make_in_precision(self.make, precision) if self.kind == "problem" else self.make()
        interface = interface_of(self.kind)
        if not isinstance(found, interface):
            raise AssertionError(
                f"The {self.kind} {self.name!r} is a {type(found).__name__}, which is not an "
                f"{interface.__name__}."
            )
        return found


@dataclasses.dataclass
class BoundCheck:
    """A check of one component: called without arguments, it passes or raises `AssertionError`.

    Attributes:
        check: the check.
        subject: the component to check.
        references: problems on which solvers are tested, by the kind that the solver requires.
    """

    check: Check
    subject: Subject
    references: Mapping[type[AbstractProblem], AbstractProblem]

    @property
    def id(self) -> str:
        """Kind, component and check, as in `solver-gradient-resumes`."""
        claim = self.check.__name__.removeprefix("check_").removeprefix(f"{self.subject.kind}_")
        return f"{self.subject.kind}-{self.subject.name}-{claim}"

    def __call__(self, key: PRNGKeyArray | None = None) -> None:
        """Run the check.

        Arguments:
            key: the random key of the check.
        """
        component = self.subject.component
        if self.subject.kind == "observer":
            component = self.subject.another()  # an observer has a state
        options = {}
        arguments = inspect.signature(self.check).parameters
        if "again" in arguments and self.subject.repeatable:
            options["again"] = self.subject.another()
        if "problem" in arguments and self.subject.kind == "solver":
            options["problem"] = self.references.get(component.requires)
        self.check(component, jr.key(0) if key is None else key, **options)


def collect_checks(
    *,
    problems: Mapping[str, Any] | None = None,
    solvers: Mapping[str, Any] | None = None,
    optimizers: Mapping[str, Any] | None = None,
    integrators: Mapping[str, Any] | None = None,
    observers: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    plugin: str | Iterable[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    references: Mapping[type[AbstractProblem], AbstractProblem] | None = None,
    without: Mapping[str, Iterable[str]] | None = None,
    plugins: PluginManager | None = None,
) -> list[BoundCheck]:
    """All checks of these components, ready to be called.

    Components are given by the name that they have in the tests: either the object or a function
    (a class) that makes one. The function is called in the test itself, twice if two objects are
    compared.

    Arguments:
        problems: problems by name.
        solvers: solvers by name.
        optimizers: optimizers by name.
        integrators: integrators by name.
        observers: observers by name.
        data: data by name.
        plugin: the entry point of a plugin, or of several, whose registered components are all
            checked, except those that need a library which is not installed.
        options: the options of registered components, by the component's name.
        references: problems on which solvers are tested, by the class that the solvers require;
            needed for kinds of problem for which the kit has no example.
        without: names of checks to leave out, such as `"check_figures"`, by the component's name.
        plugins: where plugins are looked up, by default in `default_manager()`.

    Errors: `PlugaxError` for a plugin that is not active, or an unknown name in `options` or
    `without`.
    """
    given = {
        "problem": problems,
        "solver": solvers,
        "optimizer": optimizers,
        "integrator": integrators,
        "observer": observers,
        "data": data,
    }
    subjects = [
        _subject(kind, name, component)
        for kind, components in given.items()
        for name, component in (components or {}).items()
    ]
    for name in [plugin] if isinstance(plugin, str) else plugin:
        subjects += _subjects_of(name, options or {}, plugins or default_manager())
    _check_names("options", options or {}, [subject.name for subject in subjects])
    left_out = {name: set(checks) for name, checks in (without or {}).items()}
    _check_names("without", left_out, [subject.name for subject in subjects])
    bound = []
    for subject in subjects:
        checks = checks_for(subject.kind, subject.known)
        names = [check.__name__ for check in checks]
        _check_names(f"without[{subject.name!r}]", left_out.get(subject.name, ()), names)
        kept = [c for c in checks if c.__name__ not in left_out.get(subject.name, ())]
        bound += [BoundCheck(check, subject, references or {}) for check in kept]
    return bound


def parametrize_checks(**components: Any) -> Any:
    """A pytest decorator that gives one test for every component and check.

        @parametrize_checks(problems={"rosenbrock": Rosenbrock}, plugin="my-plugin")
        def test_it_conforms(check):
            check()

    Arguments:
        components: the arguments of `collect_checks`.

    Returns:
        a mark of `pytest.mark.parametrize` for the argument `check`.
    """
    import pytest

    checks = collect_checks(**components)
    return pytest.mark.parametrize("check", [pytest.param(c, id=c.id) for c in checks])


def _subject(kind: str, name: str, component: Any) -> Subject:
    if isinstance(component, interface_of(kind)):
        return Subject(kind, name, component, lambda: component, repeatable=False)
    if not callable(component):
        raise PlugaxError(
            f"The {kind} {name!r} is a {type(component).__name__}; give an "
            f"{interface_of(kind).__name__}, or a function without arguments that makes one."
        )
    return Subject(kind, name, component, component, repeatable=True)


def _subjects_of(
    plugin: str, options: Mapping[str, Mapping[str, Any]], plugins: PluginManager
) -> list[Subject]:
    """The components of a plugin; made by name, so that their options are checked too."""
    found = [record for record in plugins.records if plugin in record.names]
    active = [record for record in found if record.status == "active"]
    if not active:
        why = f" It is {found[0].status}: {found[0].error}" if found else ""
        known = [record.name for record in plugins.records]
        raise PlugaxError(f"No plugin {plugin!r} is active.{why}{did_you_mean(plugin, known)}")
    subjects = []
    for component in active[0].components:
        if component.missing:
            continue
        try:
            known = component.load()
        except PluginError:
            known = None  # its tests will fail, and those of other components run
        make = functools.partial(
            build,
            component.kind,
            f"{component.plugin}:{component.name}",
            dict(options.get(component.name, {})),
            plugins=plugins,
        )
        subjects.append(Subject(component.kind, component.name, known, make, repeatable=True))
    return subjects


def _check_names(where: str, names: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in names:
        if name not in known:
            raise PlugaxError(
                f"{where} names {name!r}, which does not exist.{did_you_mean(name, known)}"
            )
