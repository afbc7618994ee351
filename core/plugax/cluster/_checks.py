"""Checks of the numbers that a user gives for a cluster."""

from typing import Any

from ..errors import PlugaxError


def check_count(name: str, value: Any, *, least: int = 1, optional: bool = False) -> None:
    """Raise `PlugaxError` unless a value is a whole number, at least `least`.

    Arguments:
        name: what the value is, for the message.
        value: the value.
        least: the smallest that is allowed.
        optional: whether None is allowed too.
    """
    if optional and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise PlugaxError(f"{name} must be a whole number, at least {least}; got {value!r}.")
