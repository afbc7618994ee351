"""The options of a run, each under its whole name: `optimizer.learning_rate`."""

from collections.abc import Mapping
from typing import Any

from ..solution import SavedRun
from ._html import Markup, element, facts, join, option


def options_part(run: SavedRun) -> Markup:
    """The options of problem, solver and run, defaults included."""
    parts, over = [], run.values if run.is_population else {}
    for kind in ("problem", "solver"):
        spec = run.provenance[kind]
        chosen = {name: option(value) for name, value in flat(spec).items()}
        chosen |= {name: "swept" for name in chosen if _place(kind, name) in over}
        parts.append(element("h4", f"{kind} {spec['name'] or spec['class']}"))
        parts.append(facts(chosen) or element("p", "no options", class_="note"))
    if run.provenance.get("variations"):
        told = "The problem has bounds, fixed unknowns or a start of its own, kept with the run."
        parts.append(element("p", told, class_="note"))
    told = {n: v for n, v in run.provenance["run"].items() if n != "over" and v is not None}
    kept = run.provenance["run"].get("record")  # None for all metrics, which "none" would not say
    told["record"] = "everything" if kept is None else kept or "nothing"
    asked = {name: option(value) for name, value in told.items()}
    asked |= {name: "swept" for name in asked if name in over}
    parts += [element("h4", "run"), facts(asked)]
    return join([element("h3", "Options"), *parts])


def _place(kind: str, name: str) -> str:
    """An option's name in a sweep."""
    return name if kind == "solver" else f"{kind}.{name}"


def flat(spec: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """The options of a component and of the components inside it, each under its whole name."""
    found: dict[str, Any] = {}
    for name, value in spec.items():
        if not before and name in ("name", "class"):
            continue
        if isinstance(value, Mapping):
            inner = dict(value)
            if "name" in inner:
                found[f"{before}{name}"] = inner.pop("name")
            found |= flat(inner, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value
    return found
