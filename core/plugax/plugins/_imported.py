"""A component that no plugin registers, given as `module:name`: a class, function or object."""

import functools
import importlib
import importlib.util
import inspect
import re
from typing import Any

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
    module, _, qualname = target.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:  # an import may raise anything
        raise PlugaxError(
            f"{target} cannot be imported: {type(error).__name__}: {error}. It is written "
            "package.module:name; on the command line the module may lie in the current directory."
        ) from error
    return found
