"""What is known about a component before it is made: attributes such as a problem's recipes.

A class has them itself. For a function, they come from the class in its return annotation, or from
attributes of the function, which take precedence:

    def twin(size: int = 40) -> px.StateSpace: ...

    twin.recipes = {"etkf": {"members": 20}}
"""

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any

from .._origin import origin_of


class Ready:
    """A factory that returns an existing object.

    Arguments:
        component: the object.
    """

    def __init__(self, component: Any):
        self.component = component

    def __call__(self) -> Any:
        """The object itself."""
        return self.component


def class_made_by(target: Callable[..., Any]) -> type | None:
    """The class that a class or factory makes an instance of; None if a factory does not say."""
    if inspect.isclass(target):
        return target
    if isinstance(target, Ready):
        return type(target.component)
    function = target.func if isinstance(target, functools.partial) else target
    if inspect.isclass(function):
        return function
    try:
        hint = typing.get_type_hints(function).get("return")
    except (NameError, TypeError, AttributeError, SyntaxError):
        return None
    return hint if inspect.isclass(hint) else None


def known_of(target: Callable[..., Any], attribute: str, default: Any = None) -> Any:
    """An attribute of what `target` makes, if it is known before it is made, else the default."""
    for known in (getattr(target, "component", None), target, class_made_by(target)):
        found = getattr(known, attribute, None)
        if found is not None:
            return found
    return default


def preset_values(target: Callable[..., Any], preset: str | None = None) -> tuple[str, dict]:
    """The name of a preset, and its values for options that are not given.

    A component with an option `preset` has all presets by name in its attribute `presets`.

    Arguments:
        target: the component's class or factory.
        preset: the name of the chosen preset; None for the option's default.
    """
    presets = known_of(target, "presets", {})
    if preset is None and presets:
        parameter = inspect.signature(target).parameters.get("preset")
        preset = parameter and parameter.default
    return str(preset), dict(presets.get(preset, {}))


def factory_attribute(component: Any, attribute: str, manager: Any, kind: str) -> Any:
    """An attribute of the factory that made a component; None for one made by hand."""
    origin = origin_of(component)
    if origin is None:
        return None
    return getattr(manager.find(kind, origin["name"]).load(), attribute, None)
