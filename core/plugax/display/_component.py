"""A problem, a solver, an optimizer or an integrator as HTML: what it is, and its options."""

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

from .._origin import built, options_of_built
from ._html import block, heading, pairs, sentences
from ._show import show


def component_html(component: Any, kind: str, facts: Mapping[str, str] | None = None) -> str:
    """A component: its name, what it is, and its options; or its fields, if it was made by hand.

    Arguments:
        component: an `eqx.Module`.
        kind: `"problem"`, `"solver"`, …
        facts: what else is to be said, by name.
    """
    made, origin = type(component), built(component)
    if origin is None:
        name, about = made.__name__, _first_paragraph(made)
        fields = (field.name for field in dataclasses.fields(component) if field.init)
        options = {name: getattr(component, name) for name in fields}
    else:
        name, about = origin.spec["name"], origin.summary or _first_paragraph(made)
        options = options_of_built(component, origin)
    interface = next(base for base in made.__mro__ if base.__name__.startswith("Abstract"))
    where = f"{made.__module__}.{made.__qualname__}, an {interface.__name__}"
    return block(
        heading(name, f", {'an' if kind[0] in 'aeiou' else 'a'} {kind}"),
        sentences([about] if about else []),
        pairs({name: show(value) for name, value in options.items()}),
        pairs({"class": where, **(facts or {})}),
    )


def _first_paragraph(made: type) -> str:
    text = (inspect.getdoc(made) or "").partition("\n\n")[0]
    # A dataclass without a docstring gets its signature as docstring.
    return "" if text.startswith(f"{made.__name__}(") else " ".join(text.split()).replace("`", "")
