"""Options of components by path, such as `"optimizer.name"`, and components made again with others.

What decides how a program looks (a number of layers, the name of an optimizer, a flag) is no array
that could differ between the members of one program: the component is made again from its spec.
"""

from collections.abc import Sequence
from typing import Any

from ...errors import PlugaxError
from ...plugins import Option, build, component_kind, default_manager, options_of, origin_of


def has_option(component: Any, kind: str, path: Sequence[str]) -> bool:
    """Whether a component that was made by name has an option at this path."""
    spec = origin_of(component)
    return spec is not None and _has(spec, kind, path)


def with_option(component: Any, kind: str, path: Sequence[str], value: Any) -> Any:
    """The component made again with another value of an option.

    Arguments:
        component: a component that was made by name.
        kind: its kind.
        path: the names of the options that lead to the value. The last may be `"name"`, for another
            component in that place, with its own defaults.
        value: the value.

    Errors: `PlugaxError` if the component was made by hand; those of `build`.
    """
    spec = origin_of(component)
    if spec is None:
        raise PlugaxError(
            f"This {type(component).__name__} was made by hand, so it cannot be made again with "
            f"{'.'.join(path)}={value!r}; make it by name, px.{kind}(…)."
        )
    return build(kind, _changed(spec, kind, path, value), {})


def _has(spec: dict[str, Any], kind: str, path: Sequence[str]) -> bool:
    head, *rest = path
    option = _options(spec, kind).get(head)
    if option is None or not rest:
        return option is not None
    inner = component_kind(option.types)
    if inner is None:
        return False
    return rest == ["name"] or _has(_held(spec, option), inner, rest)


def _changed(spec: dict[str, Any], kind: str, path: Sequence[str], value: Any) -> dict[str, Any]:
    head, *rest = path
    if not rest:
        return spec | {head: value}
    option = _options(spec, kind)[head]
    held = _held(spec, option)
    if rest != ["name"]:
        held = _changed(held, component_kind(option.types) or "", rest, value)
    elif held.get("name") != value:  # the options of another component are not meant for this one
        held = {"name": value}
    return spec | {head: held}


def _options(spec: dict[str, Any], kind: str) -> dict[str, Option]:
    target = default_manager().find(kind, spec["name"]).load()
    return {option.name: option for option in options_of(target)}


def _held(spec: dict[str, Any], option: Option) -> dict[str, Any]:
    """The spec of the component that an option holds."""
    held = spec.get(option.name, option.default)
    return held if isinstance(held, dict) else origin_of(held) or {"name": held}
