"""A user's own component, by `module:name`; the module may be in the current directory."""

import dataclasses
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

from ..errors import PlugaxError
from ..plugins import imported_object


def add_current_directory() -> None:
    """Allow imports of modules in the current directory, as `python` itself does."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)


@dataclasses.dataclass(frozen=True)
class ImportedComponent:
    """A component imported by its name.

    Attributes:
        kind: `"problem"`, `"solver"`, …
        known: the object, its class, or the function that makes it.
        make: a function that makes the component.
    """

    kind: str
    known: Any
    make: Callable[[], Any]


def import_component(target: str) -> ImportedComponent:
    """The component that `module:name` names, or that the named class or function makes.

    Errors: `PlugaxError` if it cannot be imported or made, or if it is not a component.
    """
    add_current_directory()
    found = imported_object(target)
    made = found
    if inspect.isclass(found) or (_kind_of(found) is None and callable(found)):
        made = _make(target, found)
    kind = _kind_of(made)
    if kind is None:
        raise PlugaxError(
            f"{target} is of type {type(made).__name__}; a problem, solver, optimizer, integrator, "
            "observer or data is needed, its class, or a function without arguments that makes one."
        )
    return ImportedComponent(kind, found, (lambda: found) if made is found else found)


def _make(target: str, make: Callable[[], Any]) -> Any:
    from ..testing.claims._precision import make_in_precision

    try:
        return make_in_precision(make)
    except (TypeError, ValueError) as error:
        raise PlugaxError(
            f"{target} cannot be made without arguments: {error}. Name an object, or a function "
            "that makes one."
        ) from error


def _kind_of(component: Any) -> str | None:
    from ..testing._checks import CHECKS, interface_of

    return next((kind for kind in CHECKS if isinstance(component, interface_of(kind))), None)
