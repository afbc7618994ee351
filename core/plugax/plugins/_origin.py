"""What a component was built from, kept for provenance and resuming.

A *spec* is a component as plain data, `{"name": "adam", "learning_rate": 0.01}`; an option that is
itself a component is given as an object, a name or a spec of its own.
"""

import weakref
from typing import Any

Spec = dict[str, Any]

# By identity, and beside the objects: an attribute on an `eqx.Module` would become part of its
# structure as a pytree, and then what is built and what is made by hand would compile apart.
_origins: dict[int, tuple[weakref.ref, Spec]] = {}


def origin_of(component: object) -> Spec | None:
    """The spec that `component` was built from; None for one made, copied or changed by hand."""
    # An entry dies with its component, before the identity can be given to another.
    _, spec = _origins.get(id(component), (None, None))
    return spec


def remember_origin(component: object, spec: Spec) -> None:
    """Keep the spec of a component for as long as the component lives.

    Arguments:
        component: what was built.
        spec: what it was built from.
    """
    key = id(component)
    _origins[key] = (weakref.ref(component, lambda _: _origins.pop(key, None)), spec)
