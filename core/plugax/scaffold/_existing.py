"""The plugin in whose directory the user is, recognised by its entry point."""

import dataclasses
import pathlib
import tomllib

from ..errors import PlugaxError


@dataclasses.dataclass(frozen=True)
class Plugin:
    """An existing plugin.

    Attributes:
        directory: the directory with its pyproject.toml.
        name: the name of its entry point.
        package: the module that the entry point names, a package.
        package_directory: the directory of this package.
    """

    directory: pathlib.Path
    name: str
    package: str
    package_directory: pathlib.Path


def find_plugin(start: pathlib.Path) -> Plugin:
    """The plugin of a directory, or of the nearest directory above that has a pyproject.toml.

    Errors: `PlugaxError` if there is none, or not exactly one, or it is not a package.
    """
    start = start.absolute()
    here = next((d for d in (start, *start.parents) if (d / "pyproject.toml").is_file()), None)
    if here is None:
        raise PlugaxError(
            f"There is no pyproject.toml in {start} or above, so there is no plugin to add to. Go "
            "to a plugin's directory; `plugax new NAME` begins one."
        )
    file = here / "pyproject.toml"
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlugaxError(f"{file} cannot be read: {error}") from error
    points = content.get("project", {}).get("entry-points", {}).get("plugax", {})
    if not points:
        raise PlugaxError(
            f"{file} has no table [project.entry-points.plugax], so it is not that of a plugin. Go "
            "to a plugin's directory; `plugax new NAME` begins one."
        )
    if len(points) > 1:
        raise PlugaxError(
            f"{file} has the plugins {', '.join(points)}; components can be added only to a "
            "distribution with one. Make the plugin in a directory of its own."
        )
    ((name, target),) = points.items()
    package = str(target).partition(":")[0]
    for root in (here / "src", here):
        directory = root.joinpath(*package.split("."))
        if (directory / "__init__.py").is_file():
            return Plugin(here, name, package, directory)
    raise PlugaxError(
        f"The entry point {name!r} in {file} names {target!r}, and there is no package "
        f"{package!r} in {here / 'src'} or in {here}. A component needs a package to be added to."
    )
