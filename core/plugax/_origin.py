"""How a component was built by name: kept for provenance, for resuming and for showing it.

A *spec* is a component as plain data, `{"name": "adam", "learning_rate": 0.01}`; an option that is
itself a component is given as an object, a name or another spec.
"""

import inspect
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

Spec = dict[str, Any]


class Origin(NamedTuple):
    """How a component was built.

    Attributes:
        spec: its name, and the options that were given.
        target: the class or factory that made it.
        summary: the line about it with which it was registered.
    """

    spec: Spec
    target: Callable[..., Any]
    summary: str


# By identity and outside the objects: an attribute of an `eqx.Module` would become part of its
# structure as a pytree, and a component made by hand would be compiled separately from a built one.
_origins: dict[int, tuple[weakref.ref, Origin]] = {}


def origin_of(component: object) -> Spec | None:
    """The spec that `component` was built from; None for one made, copied or changed by hand."""
    found = built(component)
    return None if found is None else found.spec


def built(component: object) -> Origin | None:
    """How `component` was built; None for one made, copied or changed by hand."""
    # An entry is removed with its component, before another object can have the same identity.
    _, origin = _origins.get(id(component), (None, None))
    return origin


def options_of_built(component: object, origin: Origin) -> dict[str, Any]:
    """All options of a component that was built, those too that were left at their defaults."""
    values = {}
    for name, parameter in inspect.signature(origin.target).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        default = parameter.default
        # The signature shows a placeholder for what a dataclass computes; the field has the value.
        computed = type(default).__module__ == "dataclasses"
        values[name] = getattr(component, name, ...) if computed else default
    return values | {name: value for name, value in origin.spec.items() if name != "name"}


def remember_origin(component: object, origin: Origin) -> None:
    """Remember how a component was built for as long as the component lives.

    Arguments:
        component: the component.
        origin: how it was built.
    """
    key = id(component)
    _origins[key] = (weakref.ref(component, lambda _: _origins.pop(key, None)), origin)
