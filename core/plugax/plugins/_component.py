"""One registered component: its name, its plugin, and how to load it."""

import dataclasses
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from typing import Any

from .._lazy import load_target
from ..errors import PlugaxError, PluginError

KINDS = ("problem", "solver", "optimizer", "integrator", "observer")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""The valid names of plugins and components."""


@dataclasses.dataclass(frozen=True)
class Component:
    """A component that a plugin registered.

    Attributes:
        kind: one of `KINDS`.
        name: the name it was registered under.
        plugin: the name of the plugin that registered it.
        distribution: name and version of the plugin's distribution.
        target: a class, a factory or a lazy `"module:qualname"`.
        summary: one line about it.
        needs: the libraries that it needs besides those of its plugin: what `pip install` gets, by
            the name of the module.
    """

    kind: str
    name: str
    plugin: str
    distribution: str
    target: Callable[..., Any] | str
    summary: str
    needs: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)

    @property
    def missing(self) -> tuple[str, ...]:
        """What has to be installed before it can be made."""
        return tuple(
            dict.fromkeys(
                install for module, install in self.needs.items() if find_spec(module) is None
            )
        )

    def check_needs(self) -> None:
        """Raise `PluginError` if something is missing that it needs, with how to install it."""
        if self.missing:
            absent = [module for module in self.needs if find_spec(module) is None]
            raise PluginError(
                f"The {self.kind} {self.name!r} needs {' and '.join(absent)}, which "
                f"{'is' if len(absent) == 1 else 'are'} not installed: "
                f"{install_command(self.missing)}."
            )

    @property
    def owner(self) -> str:
        """The plugin and its distribution, for messages."""
        return f"plugin {self.plugin!r} ({self.distribution})"

    def load(self) -> Callable[..., Any]:
        """The class or factory itself, imported now if the target is lazy."""
        if not isinstance(self.target, str):
            return self.target
        try:
            found = load_target(self.target)
        except PlugaxError as error:
            raise PluginError(
                f"The {self.kind} {self.name!r} of {self.owner} has a wrong target: {error} Tell "
                f"its authors, or leave the plugin out with PLUGAX_BLOCK={self.plugin}."
            ) from error
        if not callable(found):
            raise PluginError(
                f"The {self.kind} {self.name!r} of {self.owner} points at {self.target!r}, which "
                f"is a {type(found).__name__} and cannot be called; a class or factory is needed."
            )
        return found


def install_command(requirements: Iterable[str]) -> str:
    """The command that installs them, in one line for a shell."""
    return f"pip install {' '.join(map(shlex.quote, requirements))}"
