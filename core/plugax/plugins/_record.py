"""What became of one plugin."""

import dataclasses
from typing import Any

from .._errors import PluginError
from ._component import NAME, Component
from ._imported import TARGET


@dataclasses.dataclass
class PluginRecord:
    """What became of one plugin.

    Attributes:
        name: the entry point's name; `name@distribution` where two distributions claim it.
        distribution: the distribution's name.
        version: the distribution's version.
        status: `"active"`, `"failed"` (does not import), `"refused"` (does not fit the hooks) or
            `"blocked"` (left out by `PLUGAX_BLOCK`).
        error: why it is not active, or None.
        components: what it registered.
        seconds: what its import and its registration took.
    """

    name: str
    distribution: str
    version: str
    status: str = "active"
    error: str | None = None
    components: list[Component] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    @property
    def entry_point(self) -> str:
        """The entry point's name, whoever else claims it."""
        return self.name.removesuffix(f"@{self.distribution}")

    @property
    def names(self) -> tuple[str, str]:
        """What it answers to in `plugin:name` and in `PLUGAX_BLOCK`."""
        return self.entry_point, f"{self.entry_point}@{self.distribution}"

    @property
    def source(self) -> str:
        """Name and version of the distribution, for messages."""
        return f"{self.distribution} {self.version}".strip()

    def add(self, kind: str, name: str, target: Any, *, summary: str = "") -> None:
        """Keep a component; with its kind filled in, this is the `register` that hooks receive.

        Errors: `PluginError` for a name or a target that is none.
        """
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise PluginError(
                f"the name of this {kind} must be of letters, digits, '.', '_' and '-'; "
                f"got {name!r}."
            )
        if not callable(target) and not (isinstance(target, str) and TARGET.fullmatch(target)):
            raise PluginError(
                f"the {kind} {name!r} must be a class, a factory or a lazy 'module:qualname'; "
                f"got {target!r}."
            )
        if any((c.kind, c.name) == (kind, name) for c in self.components):
            raise PluginError(f"the {kind} {name!r} is registered twice.")
        self.components.append(Component(kind, name, self.name, self.source, target, summary))
