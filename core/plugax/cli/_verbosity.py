"""How much is printed besides the answer: `--quiet`, the default, `--verbose`."""

import contextvars
import sys
from typing import Any

QUIET, VERBOSE = "--quiet", "--verbose"
_said: contextvars.ContextVar[str | None] = contextvars.ContextVar("verbosity", default=None)


def set_verbosity(flag: str | None) -> None:
    """Set the verbosity of this command to one of the two flags, or to the default."""
    _said.set(flag)


def quiet() -> bool:
    """Whether only results and errors are wanted."""
    return _said.get() == QUIET


def tell(what: str, value: Any, reason: str = "") -> None:
    """With `--verbose`, print a decision on standard error.

    Arguments:
        what: what was decided.
        value: its value.
        reason: why, in a few words.
    """
    if _said.get() == VERBOSE:
        print(f"plugax: {what}: {value}{f' ({reason})' if reason else ''}", file=sys.stderr)


def tell_device(device: Any, asked: str | None) -> None:
    """With `--verbose`, print the device of a run.

    Arguments:
        device: the device, a JAX object.
        asked: the name that the user gave, or None.
    """
    reason = "JAX's choice" if asked is None else "asked for"
    tell("device", f"{device.platform}:{device.id}, {device.device_kind}", reason)
