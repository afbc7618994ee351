"""How much is said besides the answer: `--quiet`, the usual, `--verbose`."""

import contextvars
import sys
from typing import Any

QUIET, VERBOSE = "--quiet", "--verbose"
_said: contextvars.ContextVar[str | None] = contextvars.ContextVar("verbosity", default=None)


def set_verbosity(flag: str | None) -> None:
    """Take one of the two flags, or none, for this command."""
    _said.set(flag)


def quiet() -> bool:
    """Whether only results and errors are wanted."""
    return _said.get() == QUIET


def tell(what: str, value: Any, reason: str = "") -> None:
    """Say on standard error what was decided, if somebody wants to know.

    Arguments:
        what: was decided.
        value: what it is.
        reason: why, in a few words.
    """
    if _said.get() == VERBOSE:
        print(f"plugax: {what}: {value}{f' ({reason})' if reason else ''}", file=sys.stderr)


def tell_device(device: Any, asked: str | None) -> None:
    """Say which device a run is on.

    Arguments:
        device: JAX's.
        asked: what the user called it, or None.
    """
    reason = "JAX's choice" if asked is None else "asked for"
    tell("device", f"{device.platform}:{device.id}, {device.device_kind}", reason)
