"""The spec from which a component was built, kept for provenance and resuming.

A *spec* is a component as plain data, `{"name": "adam", "learning_rate": 0.01}`; an option that is
itself a component is given as an object, a name or another spec.
"""

import weakref
from typing import Any

Spec = dict[str, Any]

# By identity and outside the objects: an attribute of an `eqx.Module` would become part of its
# structure as a pytree, and a component made by hand would be compiled separately from a built one.
_origins: dict[int, tuple[weakref.ref, Spec]] = {}


def origin_of(component: object) -> Spec | None:
    """The spec that `component` was built from; None for one made, copied or changed by hand."""
    # An entry is removed with its component, before another object can have the same identity.
    _, spec = _origins.get(id(component), (None, None))
    return spec


def remember_origin(component: object, spec: Spec) -> None:
    """Remember the spec of a component for as long as the component lives.

    Arguments:
        component: the component.
        spec: the spec from which it was built.
    """
    key = id(component)
    _origins[key] = (weakref.ref(component, lambda _: _origins.pop(key, None)), spec)
