"""Names: `heavy-ball` is registered, `heavy_ball` is its module, `HeavyBall` its class."""

import importlib.util
import keyword
import re
import sys

from ..errors import PlugaxError
from ..plugins import default_manager
from ._kinds import KINDS, Kind

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PREFIX = "plugax-"
LONGEST = 28  # so that an import of it fits into a line of 100


def check_name(what: str, name: str) -> None:
    """Raise `PlugaxError` if a name is not small words, joined by hyphens.

    Arguments:
        what: what is named, to begin a sentence with.
        name: the name.
    """
    if NAME.fullmatch(name):
        if len(name) > LONGEST:
            raise PlugaxError(
                f"{what} has a name of at most {LONGEST} characters; {name!r} has {len(name)}."
            )
        if keyword.iskeyword(name):
            raise PlugaxError(f"{what} cannot be called {name!r}, which is a keyword of Python.")
        return
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name)
    close = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    hint = f" Write {close!r}?" if NAME.fullmatch(close) else ""
    raise PlugaxError(
        f"{what} is called by small letters and digits, with hyphens between words, a letter "
        f"first, as in 'heavy-ball'; got {name!r}.{hint}"
    )


def module_of(name: str) -> str:
    """The name of its module: `heavy_ball`."""
    return name.replace("-", "_")


def class_of(name: str) -> str:
    """The name of its class: `HeavyBall`."""
    return "".join(word.capitalize() for word in name.split("-"))


def plugin_of(distribution: str) -> str:
    """The name of a distribution's plugin: that of the distribution, without `plugax-` before."""
    return distribution.removeprefix(PREFIX)


def check_plugin_name(distribution: str) -> None:
    """Raise `PlugaxError` if a new distribution cannot have this name."""
    check_name("A plugin", distribution)
    if distribution in KINDS:
        raise PlugaxError(
            f"{distribution!r} is a kind of component. To add one to a plugin, write `plugax new "
            f"{distribution} NAME` in its directory; for a new plugin, choose another name."
        )
    package, plugin = module_of(distribution), plugin_of(distribution)
    if package in sys.stdlib_module_names or importlib.util.find_spec(package) is not None:
        raise PlugaxError(
            f"The plugin {distribution!r} would have the package {package!r}, and a module of this "
            f"name is installed already. Choose another name, such as 'plugax-{plugin}-2'."
        )
    taken = [r for r in default_manager().records if r.entry_point == plugin]
    if taken:
        raise PlugaxError(
            f"{distribution!r} would be the plugin {plugin!r}, and {taken[0].source} has one of "
            "this name already. Choose another name."
        )


def check_component_name(kind: Kind, name: str) -> None:
    """Raise `PlugaxError` if a new component cannot have this name."""
    check_name(f"A {kind.words}", name)
    taken = [
        component
        for component in default_manager().components(kind.registered)
        if component.name == name and kind.registered is not None
    ]
    if taken:
        raise PlugaxError(
            f"The {kind.registered} {name!r} exists already: it is brought by the "
            f"{taken[0].owner}. Two of one name would both need their plugin's name in front, so "
            "choose another."
        )
