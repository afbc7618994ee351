"""How users write a value: as plain data, whatever type the component holds.

| the component holds | users write |
|---|---|
| an array without axes, `Float[Array, ""]` | a number |
| an array with one axis, `Float[Array, " n"]` | several numbers |
| an array of any shape, `jax.Array` | a number or several |
| a `Path` | text |
| a member of an `Enum` | its name |
"""

import collections.abc
import enum
import inspect
import os
import pathlib
import types
import typing
from typing import Any

_PLAIN = (bool, int, float, str)
_NONE = type(None)
SEQUENCES = (tuple, list, collections.abc.Sequence)
"""What the types of several values are made of, such as `tuple[float, ...]`."""
NOT_FINITE = ("inf", "-inf", "nan")
"""Numbers that JSON does not have, as text."""
# Modules of array types; compared by name, so that reading options does not need JAX.
_ARRAYS = ("jaxtyping", "jax", "jaxlib", "numpy")


def members(kind: Any) -> tuple[Any, ...]:
    """The members of a union; the type alone if it is not a union."""
    is_union = typing.get_origin(kind) in (typing.Union, types.UnionType)
    return typing.get_args(kind) if is_union else (kind,)


def written_type(annotation: Any, default: Any) -> Any:
    """The annotation, with the plain type that users write in place of an array type.

    A field such as `learning_rate: Float[Array, ""] = eqx.field(converter=jnp.asarray,
    default=0.1)` is an array for which users write a float. If the annotation does not tell the
    type, a plain default does.
    """
    kinds = members(annotation)
    if any(kind in _PLAIN for kind in kinds):
        return annotation
    open_ = any(kind in (inspect.Parameter.empty, Any) for kind in kinds)
    arrays = [kind for kind in kinds if is_array(kind)]
    if type(default) in _PLAIN and (open_ or arrays):
        plain: tuple[Any, ...] = (type(default),)
        if plain == (int,) and any(_number(kind) is float for kind in arrays):
            plain = (float,)
    else:
        plain = tuple(new for kind in arrays for new in _of_array(kind))
    if not plain:
        return annotation
    others = tuple(k for k in kinds if k not in (inspect.Parameter.empty, Any) and k not in arrays)
    return typing.Union[(*plain, *others)]


def is_array(kind: Any) -> bool:
    """Whether a type is an array type."""
    return getattr(kind, "__module__", "").partition(".")[0] in _ARRAYS


def fit(value: Any, kinds: tuple[Any, ...]) -> Any:
    """Plain data converted to the first of these types that fits; other values unchanged."""
    if type(value) is int and float in kinds and int not in kinds:
        return float(value)
    if isinstance(value, str) and str not in kinds:
        if float in kinds and value in NOT_FINITE:
            return float(value)
        for kind in kinds:
            if is_enum(kind) and value in kind.__members__:
                return kind[value]
            if is_path(kind):
                return pathlib.Path(value)
    if isinstance(value, list | tuple):
        for kind in kinds:
            origin = typing.get_origin(kind) or kind
            if origin in SEQUENCES:
                make = list if origin is list else tuple
                inner = typing.get_args(kind)
                if origin is not tuple or inner[1:] == (...,):
                    inner = inner[:1] * len(value)
                if len(inner) != len(value):  # the constructor can give a better error
                    return make(value)
                return make(fit(v, members(k)) for v, k in zip(value, inner, strict=True))
    return value


def suits(value: Any, kinds: tuple[Any, ...]) -> bool:
    """Whether a value may be given for one of these types.

    Only plain data is checked, and only against types that say which plain data they take. The
    component itself has to check arrays, functions and values of other types.
    """
    return any(_suits(value, kind) for kind in kinds)


def plain(value: Any) -> Any:
    """A path as text, a member of an `Enum` by its name; other values unchanged."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    return value


def is_path(kind: Any) -> bool:
    """Whether a type is a path type."""
    return inspect.isclass(kind) and (kind is os.PathLike or issubclass(kind, pathlib.PurePath))


def is_enum(kind: Any) -> bool:
    """Whether a type is an enumeration."""
    return inspect.isclass(kind) and issubclass(kind, enum.Enum)


def choices(kind: Any) -> tuple[Any, ...]:
    """The values of a `Literal`, the names of an `Enum`; nothing for any other type."""
    if typing.get_origin(kind) is typing.Literal:
        return typing.get_args(kind)
    if is_enum(kind):
        return tuple(kind.__members__)
    return ()


def names_in(kinds: tuple[Any, ...]) -> list[str]:
    """The texts among the values of these types, in any of several values too."""
    found = [str(value) for kind in kinds for value in choices(kind)]
    inner = [i for k in kinds if typing.get_origin(k) in SEQUENCES for i in typing.get_args(k)]
    return found + (names_in(tuple(inner)) if inner else [])


def wrong_among(value: Any, names: list[str]) -> str:
    """The first text in the value, or in several values, that is not one of the names."""
    several = value if isinstance(value, list | tuple) else [value]
    return next((text for text in several if isinstance(text, str) and text not in names), "")


def _suits(value: Any, kind: Any) -> bool:
    inner, origin = typing.get_args(kind), typing.get_origin(kind)
    if origin is typing.Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if origin in SEQUENCES and isinstance(value, list | tuple):
        inner = inner if origin is tuple and inner[1:] != (...,) else inner[:1] * len(value)
        return len(inner) != len(value) or all(
            suits(item, members(of)) for item, of in zip(value, inner, strict=True)
        )
    if collections.abc.Callable in (kind, origin):
        return callable(value)
    if origin in SEQUENCES:
        return type(value) not in (*_PLAIN, _NONE)
    if type(value) not in (*_PLAIN, _NONE, list, tuple):
        return True
    if is_path(kind) or is_enum(kind):  # `fit` has made one of the text
        return False
    if kind not in (*_PLAIN, _NONE):
        return True
    return type(value) in ((int, float) if kind is float else (kind,))


def _of_array(kind: Any) -> tuple[Any, ...]:
    """The plain types that can be written for an array type; empty if it has two or more axes."""
    number = _number(kind)
    if number is None:
        return ()
    several = tuple[number, ...]  # type: ignore[valid-type]
    axes = getattr(kind, "dims", None)
    if not isinstance(axes, tuple) or getattr(kind, "index_variadic", None) is not None:
        return number, several
    return {0: (number,), 1: (several,)}.get(len(axes), ())


def _number(kind: Any) -> type | None:
    """The plain type of an array type's elements; None for keys, complex numbers and others."""
    dtypes = getattr(kind, "dtypes", None)
    if not isinstance(dtypes, list | tuple):  # any dtype
        return float
    for prefix, number in (("float", float), ("int", int), ("bool", bool)):
        if any(str(dtype).startswith(prefix) for dtype in dtypes):
            return number
    return None
