"""Values in one short line: numbers with a few digits, what is large by its shape."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from .._origin import origin_of

DIGITS = 6
MOST_ITEMS = 6  # of an array or a list that is written out
LONGEST, LONGEST_PART = 160, 60  # of a line, and of a part of a pytree


def show(value: Any, digits: int = DIGITS) -> str:
    """A value in one line, such as `{"a": 3.1, "w": float32[784, 10]}`.

    Arguments:
        value: a number, text, an array, a component, or containers of these.
        digits: the significant digits of numbers.
    """
    text = " ".join(_show(value, digits).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"


def show_tree(tree: Any) -> str:
    """A pytree in one line; of a part that is too long for that, how many numbers it has."""
    if isinstance(tree, Mapping) and len(tree) <= MOST_ITEMS:
        inside = (f'"{key}": {_show_part(item)}' for key, item in tree.items())
        return f"{{{', '.join(inside)}}}"
    return _show_part(tree)


def _show_part(tree: Any) -> str:
    text = _show(tree, DIGITS)
    if len(text) <= LONGEST_PART:
        return text
    import jax

    sizes = [leaf.size for leaf in jax.tree.leaves(tree) if _is_array(leaf)]
    return f"{type(tree).__name__} of {sum(sizes)} numbers in {len(sizes)} arrays"


def _show(value: Any, digits: int) -> str:
    if isinstance(value, float | complex):
        return f"{value + 0.0:.{digits}g}"  # −0 is 0
    if value is None or isinstance(value, bool | int | str):
        return str(value)
    if _is_array(value):
        return _show_array(value, digits)
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):  # a spec
        return _show_spec(value, digits)
    if isinstance(value, Mapping):
        inside = (f'"{key}": {_show(item, digits)}' for key, item in value.items())
        return f"{{{', '.join(inside)}}}"
    if isinstance(value, list) and value and isinstance(value[0], list):
        return _show_nested(value)
    fields = getattr(value, "_fields", None)  # of a named tuple
    if isinstance(value, list | tuple) and fields is None:
        return _show_items(value, digits)
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return value.__qualname__
    origin, made = origin_of(value), type(value).__name__
    if origin is not None:
        return _show_spec(origin, digits)
    if isinstance(value, tuple):
        return _show_call(made, dict(zip(fields or (), value, strict=True)), digits)
    if not dataclasses.is_dataclass(value):
        return repr(value)
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return _show_call(made, fields, digits)


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _show_array(array: Any, digits: int) -> str:
    """The numbers of a small array with at most one axis; dtype and shape of any other."""
    few = array.ndim < 2 and array.size <= MOST_ITEMS
    if few and hasattr(array, "tolist") and not str(array.dtype).startswith("key"):
        return _show(array.tolist(), digits)
    return f"{array.dtype}[{', '.join(map(str, array.shape))}]"


def _show_items(items: list | tuple, digits: int) -> str:
    shown = [_show(item, digits) for item in items[:MOST_ITEMS]]
    if len(items) > MOST_ITEMS:
        shown.append(f"… {len(items)} in all")
    return f"[{', '.join(shown)}]" if isinstance(items, list) else f"({', '.join(shown)})"


def _show_nested(items: Any) -> str:
    """The size of a list of lists, such as `3 × 40 numbers`."""
    sizes = []
    while isinstance(items, list):
        sizes.append(len(items))
        items = items[0] if items else None
    return f"{' × '.join(map(str, sizes))} numbers"


def _show_spec(spec: Mapping[str, Any], digits: int) -> str:
    """A component by its name and the options that were given, `adam(learning_rate=0.01)`."""
    return _show_call(spec["name"], {k: v for k, v in spec.items() if k != "name"}, digits)


def _show_call(name: str, arguments: Mapping[str, Any], digits: int) -> str:
    return f"{name}({', '.join(f'{k}={_show(v, digits)}' for k, v in arguments.items())})"
