"""A component of a run as it will be made: its name, its options, the components inside it.

Its options come in layers, the lowest first: the problem's recipe, the configuration file, the
flags. A layer that names another component than the one finally chosen is left out: the learning
rate that a recipe gives `sgd` is not meant for `adam`.
"""

import argparse
import dataclasses
import datetime
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import PlugaxError, UnknownNameError, did_you_mean
from ..plugins import (
    Component,
    Option,
    build,
    class_made_by,
    component_kind,
    default_manager,
    in_words,
    known_of,
    options_of,
    origin_of,
    plain,
)
from ._imported import add_current_directory
from ._values import NONE, coerce, refusal, takes_no_more

# What TOML has besides plain values and arrays.
TABLE_OR_TIME = (dict, datetime.date, datetime.time)

Layer = dict[str, Any]
Peek = Callable[[tuple[str, ...], str], str | None]
"""`peek(path, kind)`: the name that a flag gives to the component at `path`, or None."""


@dataclasses.dataclass
class ResolvedComponent:
    """A component of a run.

    Attributes:
        path: its place in the run, such as `("solver", "optimizer")`.
        component: the component as a plugin registered it.
        target: its class or factory.
        given: the values of its plain options that a layer or a flag gives.
        parts: the components inside it, by option; None if an option has none.
    """

    path: tuple[str, ...]
    component: Component
    target: Any
    given: dict[str, Any] = dataclasses.field(default_factory=dict)
    parts: dict[str, "ResolvedComponent | None"] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name to make it by."""
        return self.component.name

    def known(self, attribute: str, default: Any = None) -> Any:
        """An attribute of the component if it is known before the component is made."""
        return known_of(self.target, attribute, default)

    def precision(self) -> str | None:
        """The precision that a problem needs; if its factory does not say, it is made to see."""
        if class_made_by(self.target) is None and self.known("precision") is None:
            return getattr(build(self.component.kind, self.spec(), {}), "precision", None)
        return self.known("precision")

    @property
    def options(self) -> dict[str, Option]:
        """Its options by name."""
        return {option.name: option for option in options_of(self.target)}

    def walk(self) -> Iterator["ResolvedComponent"]:
        """The component itself, then all components inside it."""
        yield self
        for part in self.parts.values():
            if part is not None:
                yield from part.walk()

    def spec(self) -> dict[str, Any]:
        """The spec from which it can be made: its name, and the options that were given."""
        parts = {name: part and part.spec() for name, part in self.parts.items()}
        return {"name": self.name} | self.given | parts

    def resolved(self, *, none: Any = None) -> dict[str, Any]:
        """The spec with all defaults that are plain data.

        Arguments:
            none: the value that represents None if the user asked for None.
        """
        defaults = {
            name: plain(option.default)
            for name, option in self.options.items()
            if not option.required and _plain(plain(option.default))
        }
        given = {name: none if value is None else value for name, value in self.given.items()}
        parts = {
            name: none if part is None else part.resolved(none=none)
            for name, part in self.parts.items()
        }
        return {"name": self.name} | defaults | given | parts

    def plain_options(self) -> dict[str, Any]:
        """All options with their values, without the name."""
        return {key: value for key, value in self.resolved().items() if key != "name"}


def choose(
    kind: str, name: str, layers: list[Layer], peek: Peek, path: tuple[str, ...] | None = None
) -> ResolvedComponent:
    """The component of a kind by name, with options of it and of its parts from the layers.

    Errors: `UnknownNameError` for a name or an option that does not exist; `PlugaxError` for a
    value that an option does not take.
    """
    if kind == "solver":
        name, layers = _out_of_words(name, layers)
    if ":" in name:
        add_current_directory()
    component = default_manager().find(kind, name)
    if ":" in name:  # `build` needs the full name if two plugins use the same name
        component = dataclasses.replace(component, name=name)
    chosen = ResolvedComponent(path or (kind,), component, component.load())
    layers = _those_of(name, layers)
    for option in chosen.options.values():
        inner = component_kind(option.types)
        said = [layer[option.name] for layer in layers if option.name in layer]
        if inner is not None:
            _choose_part(chosen, option, inner, said, peek)
        elif said:
            chosen.given[option.name] = _coerce(chosen, option, said[-1])
    for layer in layers:
        for key in layer.keys() - {"name", *chosen.options}:
            raise UnknownNameError(
                f"The {kind} {name!r} has no option {key!r}, which is set in "
                f"[{'.'.join(chosen.path)}] of the configuration or in the problem's recipe."
                f"{did_you_mean(key, chosen.options)}"
            )
    return chosen


def _out_of_words(text: str, layers: list[Layer]) -> tuple[str, list[Layer]]:
    """The name in a text such as "gradient then lbfgs"; its parts are the uppermost layer."""
    plain = [
        layer | {"name": in_words(layer["name"])[0]} if layer.get("name") else layer
        for layer in layers
    ]
    name, parts = in_words(text)
    return name, [*plain, {"name": name, **parts}] if parts else plain


def _choose_part(
    chosen: ResolvedComponent, option: Option, kind: str, said: list[Any], peek: Peek
) -> None:
    """Choose the component that an option of another component holds."""
    path = (*chosen.path, option.name)
    default = option.default
    layers = [_as_layer(value) for value in said]
    name = peek(path, kind)
    if name is None and said and said[-1] in (None, NONE):
        name = NONE
    if name is None:
        name = _last_name(layers) or _name_of(default)
    if name == NONE:
        chosen.parts[option.name] = None
    elif name is not None:
        origin = origin_of(default) or {}
        chosen.parts[option.name] = choose(kind, name, [origin, *layers], peek, path)


def _as_layer(value: Any) -> Layer:
    if isinstance(value, str):
        return {"name": value}
    return value if isinstance(value, dict) else {}


def _last_name(layers: list[Layer]) -> str | None:
    names = [layer["name"] for layer in layers if layer.get("name") is not None]
    return names[-1] if names else None


def _name_of(default: Any) -> str | None:
    """The name of a component that is the default of an option."""
    if isinstance(default, str):
        return default
    return (origin_of(default) or {}).get("name")


def _those_of(name: str, layers: list[Layer]) -> list[Layer]:
    """The layers about this component; a layer without a name is about that of the one below."""
    kept, speaks_of = [], None
    for layer in layers:
        speaks_of = layer.get("name", speaks_of)
        if speaks_of is None or _bare(speaks_of) == _bare(name):
            kept.append(layer)
    return kept


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _coerce(chosen: ResolvedComponent, option: Option, value: Any) -> Any:
    """A value of a layer; a value that TOML cannot express comes from a recipe and is unchanged."""
    try:
        if isinstance(value, bool | int | float | str | list):
            return coerce(option, value)
        if isinstance(value, TABLE_OR_TIME) and takes_no_more(option):
            raise argparse.ArgumentTypeError(refusal(option, value))
        return value
    except argparse.ArgumentTypeError as error:
        where = ".".join((*chosen.path, option.name))
        stop = "" if str(error).endswith("?") else "."
        raise PlugaxError(f"{where} in the configuration or the recipe: {error}{stop}") from None


def _plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
