"""Values of options as text: types in words, and conversion of text or TOML to these types."""

import argparse
import collections.abc
import typing
from collections.abc import Callable
from typing import Any

from ..errors import unexpected
from ..plugins import SEQUENCES, Option, choices, is_array, is_path, names_in, plain, wrong_among
from ._numbers import fit_whole, whole

NONE = "none"
_SWITCH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def types_of(option: Option) -> list[Any]:
    """The plain types that an option takes: those of its annotation, or else that of its default.

    Functions, modules and arrays with two or more axes cannot be written as text; an option that
    takes nothing else has no flag.
    """
    plain = [kind for kind in option.types if _plain(kind)]
    if not plain and _plain(type(option.default)) and option.default is not None:
        plain = [type(option.default)]
    # From strict to lenient, so that "3" is a number if an option takes numbers and names.
    return sorted(plain, key=_leniency)


def takes_no_more(option: Option) -> bool:
    """Whether the option takes nothing but what can be written as text, and arrays."""
    plain = types_of(option)
    others = [kind for kind in option.types if kind not in (*plain, type(None))]
    return bool(plain or others) and all(is_array(kind) for kind in others)


def is_optional(option: Option) -> bool:
    """Whether None is a value of the option's type."""
    return type(None) in option.types


def is_switch(option: Option) -> bool:
    """Whether the option is simply on or off."""
    return types_of(option) == [bool]


def choices_of(option: Option) -> list[str] | None:
    """The texts that may be written, if they are a short list."""
    kinds = types_of(option)
    if len(kinds) != 1 or not (values := choices(kinds[0])):
        return None
    return list(map(str, values)) + [NONE] * is_optional(option)


def describe_type(option: Option) -> str:
    """The option's type in words."""
    words = [_words(kind) for kind in types_of(option)]
    if not words:
        return "from Python only"
    return " or ".join(words + [NONE] * is_optional(option))


def placeholder(option: Option) -> str:
    """The option's type in capitals; names are left as they have to be written."""
    kinds = types_of(option)
    words = [_words(k) if names_in((k,)) else _words(k).upper() for k in kinds]
    return "|".join(words + [NONE.upper()] * is_optional(option))


def parse(option: Option, text: str) -> Any:
    """The value that the text represents; `ArgumentTypeError` if it represents none."""
    if text.lower() == NONE and is_optional(option):
        return None
    for kind in types_of(option):
        try:
            return _parser(kind)(text)
        except ValueError:
            continue
    raise argparse.ArgumentTypeError(refusal(option, text))


def coerce(option: Option, value: Any) -> Any:
    """A value of a configuration file as the option takes it: text is parsed, others are fitted.

    It is plain data again, which `config.toml` can hold: paths and members of an `Enum` as text.
    """
    if isinstance(value, str):
        return parse(option, value)
    fitted = option.fit(fit_whole(value, option.types))
    if not types_of(option) or not option.suits(fitted):
        raise argparse.ArgumentTypeError(refusal(option, value))
    return plain(fitted)


def refusal(option: Option, value: Any) -> str:
    """Why the option does not take a value, for people to read."""
    if not types_of(option):
        return f"{option.name} can be given from Python only; got {value!r}"
    known = names_in(option.types)
    parts = value.split(",") if isinstance(value, str) else value
    wrong = wrong_among(parts, known)
    return unexpected(describe_type(option), value, known, wrong=wrong.strip())


def show(value: Any) -> str:
    """A value as one would write it on the command line."""
    value = plain(value)
    if value is None:
        return NONE
    if value is ...:
        return "computed"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ",".join(map(show, value)) or "empty"
    return str(value)


def _plain(kind: Any) -> bool:
    if _is_sequence(kind):
        return all(_plain(item) for item in typing.get_args(kind) if item is not ...)
    return kind in (bool, int, float, str) or is_path(kind) or bool(choices(kind))


def _is_sequence(kind: Any) -> bool:
    return typing.get_origin(kind) in SEQUENCES


def _leniency(kind: Any) -> int:
    if choices(kind):
        return 0
    order = (bool, int, float)
    return 1 + order.index(kind) if kind in order else len(order) + 1 + (kind is str)


def _words(kind: Any) -> str:
    if choices(kind):
        return "|".join(map(str, choices(kind)))
    if is_path(kind):
        return "path"
    if _is_sequence(kind):
        return ",".join("…" if item is ... else _words(item) for item in typing.get_args(kind))
    return {bool: "yes/no", int: "integer", float: "number", str: "text"}[kind]


def _parser(kind: Any) -> Callable[[str], Any]:
    """A function from text to a value that raises `ValueError` if the text does not fit."""
    if choices(kind):
        return lambda text: _one_of(text, choices(kind))
    if is_path(kind):
        return str
    if _is_sequence(kind):
        return lambda text: _several(text, typing.get_args(kind))
    if kind is bool:
        return lambda text: _SWITCH[_one_of(text.lower(), _SWITCH)]
    return whole if kind is int else kind


def _one_of(text: str, values: collections.abc.Iterable[Any]) -> Any:
    for value in values:
        if str(value) == text:
            return value
    raise ValueError(text)


def _several(text: str, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    text = text.strip()
    inner = text[1:-1] if text[:1] + text[-1:] in ("()", "[]") else text
    parts = [part.strip() for part in inner.split(",") if part.strip()]
    if ... in kinds or len(kinds) == 1:
        kinds = (kinds[0],) * len(parts)
    return tuple(_parser(kind)(part) for kind, part in zip(kinds, parts, strict=True))
