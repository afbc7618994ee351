"""The directory of known plugins, `available.toml`: what there is besides what is installed."""

import dataclasses
import importlib.metadata
import pathlib
import tomllib

FILE = pathlib.Path(__file__).with_name("available.toml")
OURS = "plugax"


@dataclasses.dataclass(frozen=True)
class AvailablePlugin:
    """A plugin that the directory lists.

    Attributes:
        name: the name of its entry point.
        distribution: the name to install it by.
        summary: one line about it.
        brings: kinds of component, in the plural.
        repository: the address of its source; empty if it comes with Plugax.
        kit: the newest version of Plugax with which the conformance kit passed; empty if there is
            none.
    """

    name: str
    distribution: str
    summary: str
    brings: tuple[str, ...]
    repository: str = ""
    kit: str = ""

    @property
    def bundled(self) -> bool:
        """Whether it comes with Plugax."""
        return self.distribution == OURS

    @property
    def installed(self) -> str | None:
        """The version of its distribution that is installed, or None."""
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return None


def available_plugins() -> list[AvailablePlugin]:
    """All plugins that the directory of this version of Plugax lists, by name."""
    entries = tomllib.loads(FILE.read_text("utf-8"))["plugin"]
    plugins = [AvailablePlugin(**entry | {"brings": tuple(entry["brings"])}) for entry in entries]
    return sorted(plugins, key=lambda plugin: plugin.name)
