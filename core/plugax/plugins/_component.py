"""One registered component: its name, its plugin, and how to load it."""

import dataclasses
import re
from collections.abc import Callable
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
    """

    kind: str
    name: str
    plugin: str
    distribution: str
    target: Callable[..., Any] | str
    summary: str

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
