"""Whole numbers in any form: 1000 steps may be written `1e3`, which TOML takes for a float."""

from collections.abc import Iterable
from typing import Any

LARGEST = 2.0**53
"""Up to here, a float is exactly the whole number that it was written as."""


def whole(text: str) -> int:
    """The whole number that the text represents; `ValueError` if it represents none."""
    try:
        return int(text)
    except ValueError:
        value = float(text)
        if not _is_whole(value):
            raise
        return int(value)


def fit_whole(value: Any, kinds: Iterable[Any]) -> Any:
    """The value; a whole float as an integer, if these types include integers but no floats."""
    if type(value) is float and int in kinds and float not in kinds and _is_whole(value):
        return int(value)
    return value


def _is_whole(value: float) -> bool:
    return value.is_integer() and abs(value) <= LARGEST
