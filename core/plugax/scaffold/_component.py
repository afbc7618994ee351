"""One component: its module, its test and its registration, in a new plugin or an existing one."""

import dataclasses
import pathlib
from collections.abc import Iterable

from ..errors import PlugaxError
from ._existing import Plugin
from ._hooks import call_text, with_call
from ._kinds import Kind
from ._names import check_component_name, class_of, module_of
from ._templates import check_unused, fill, fill_text
from ._write import add_files


@dataclasses.dataclass(frozen=True)
class NewComponent:
    """A component to write.

    Attributes:
        kind: its kind.
        name: the name to register it under.
        package: the package of the plugin.
        plugin: the name of the plugin.
    """

    kind: Kind
    name: str
    package: str
    plugin: str

    @property
    def names(self) -> dict[str, str]:
        """What its templates say for `NEW_…`."""
        return {
            "name": self.name,
            "module": module_of(self.name),
            "class": class_of(self.name),
            "package": self.package,
            "plugin": self.plugin,
        }

    @property
    def target(self) -> str:
        """The lazy target; a state-space problem is made by a function."""
        module = module_of(self.name)
        made_by = module if self.kind.name == "state-space" else class_of(self.name)
        return f"{self.package}.{module}:{made_by}"

    @property
    def trial(self) -> str:
        """A command that uses it."""
        return fill_text(self.kind.trial, self.names)

    @property
    def call(self) -> str:
        """Its registration."""
        return call_text(self.name, self.target, self.kind.summary)

    def module(self) -> str:
        """The source of its module.

        Errors: `PlugaxError` if its name cannot be given here.
        """
        text = fill(f"components/{self.kind.template}.py", self.names)
        check_unused(text, self.target.partition(":")[2], f"The {self.kind.words} {self.name!r}")
        return text

    def test(self) -> str:
        """The source of its tests."""
        return fill(f"tests/{self.kind.template}.py", self.names)


def check_components(components: Iterable[NewComponent]) -> None:
    """Raise `PlugaxError` if a name cannot be given, or is given twice."""
    modules: dict[str, str] = {}
    for component in components:
        check_component_name(component.kind, component.name)
        module = module_of(component.name)
        if module in modules or module == "conformance":
            raise PlugaxError(
                f"Every component has a module of its own, and {component.name!r} would have that "
                f"of {modules.get(module, 'the conformance tests')!r}. Choose another name."
            )
        modules[module] = component.name


@dataclasses.dataclass(frozen=True)
class Added:
    """What was done to add a component.

    Attributes:
        files: the files that were written or changed.
        by_hand: what is left to write into the hook module; None if nothing.
    """

    files: list[pathlib.Path]
    by_hand: str | None


def add_component(plugin: Plugin, component: NewComponent) -> Added:
    """Add a component to an existing plugin: its module, its test and its registration.

    Errors: `PlugaxError` if a name cannot be given, or a file exists already; then nothing is
    written.
    """
    check_components([component])
    module = module_of(component.name)
    new = {
        plugin.package_directory / f"{module}.py": component.module(),
        plugin.directory / "tests" / f"test_{module}.py": component.test(),
    }
    hooks = plugin.package_directory / "__init__.py"
    registered, by_hand = component.kind.registered, None
    changed: dict[pathlib.Path, str] = {}
    if registered is not None:
        text = with_call(hooks.read_text("utf-8"), registered, component.call)
        if text is None:
            by_hand = component.call
        else:
            changed[hooks] = text
    add_files(new, changed)
    return Added([*new, *changed], by_hand)
