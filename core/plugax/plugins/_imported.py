"""A component that no plugin registers, given as `module:name`: a class, function or object."""

import functools
import importlib.util
import inspect
import re
from typing import Any

from .._lazy import load_target
from ..errors import PlugaxError
from ._component import Component
from ._known import Ready

TARGET = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")


def imported_component(kind: str, name: str) -> Component | None:
    """The component that `module:name` names; None if there is no such module.

    Errors: `PlugaxError` if the module does not import, or has nothing of that name.
    """
    if not TARGET.fullmatch(name):
        return None
    module = name.partition(":")[0]
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        return None
    found = imported_object(name)
    makes = inspect.isclass(found) or inspect.isroutine(found)
    if not makes and not isinstance(found, functools.partial):
        found = Ready(found)
    return Component(kind, name, module, "imported by name", found, "")


def imported_object(target: str) -> Any:
    """The object that `module:name` names.

    Errors: `PlugaxError` if the module does not import, or has nothing of that name.
    """
    try:
        return load_target(target)
    except PlugaxError as error:
        raise PlugaxError(
            f"{error} It is written package.module:name; on the command line the module may lie in "
            "the current directory."
        ) from error
