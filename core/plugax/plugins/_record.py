"""One plugin, and whether it is in use."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..errors import PluginError
from ._component import NAME, Component
from ._imported import TARGET


@dataclasses.dataclass
class PluginRecord:
    """One plugin, and whether it is in use.

    Attributes:
        name: the entry point's name; `name@distribution` if two distributions use the same name.
        distribution: the distribution's name.
        version: the distribution's version.
        status: `"active"`, `"failed"` (cannot be imported), `"refused"` (its hooks are invalid) or
            `"blocked"` (left out by `PLUGAX_BLOCK`).
        error: why it is not active, or None.
        components: the components that it registered.
        seconds: the time that its import and its registration took.
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
        """The entry point's name, without the distribution."""
        return self.name.removesuffix(f"@{self.distribution}")

    @property
    def names(self) -> tuple[str, str]:
        """The names by which it can be given in `plugin:name` and in `PLUGAX_BLOCK`."""
        return self.entry_point, f"{self.entry_point}@{self.distribution}"

    @property
    def source(self) -> str:
        """Name and version of the distribution, for messages."""
        return f"{self.distribution} {self.version}".strip()

    def add(
        self,
        kind: str,
        name: str,
        target: Any,
        *,
        summary: str = "",
        needs: Mapping[str, str] | None = None,
    ) -> None:
        """Add a component; with the kind filled in, this is the `register` that hooks receive.

        Errors: `PluginError` for an invalid name or target.
        """
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise PluginError(
                f"the name of this {kind} must consist of letters, digits, '.', '_' and '-'; "
                f"got {name!r}."
            )
        if not callable(target) and not (isinstance(target, str) and TARGET.fullmatch(target)):
            raise PluginError(
                f"the {kind} {name!r} must be a class, a factory or a lazy 'module:qualname'; "
                f"got {target!r}."
            )
        if any((c.kind, c.name) == (kind, name) for c in self.components):
            raise PluginError(f"the {kind} {name!r} is registered twice.")
        self.components.append(
            Component(kind, name, self.name, self.source, target, summary, dict(needs or {}))
        )
