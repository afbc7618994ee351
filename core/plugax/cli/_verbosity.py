"""What is printed besides the answer, with `--quiet`, by default, and with `--verbose`."""

import contextvars
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from ..errors import (
    PluginWarning,
    PrecisionWarning,
    ResumeWarning,
    UnsavedWarning,
    VersionWarning,
)

OURS = (PluginWarning, PrecisionWarning, ResumeWarning, UnsavedWarning, VersionWarning)
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


def tell_device(device: str | None, devices: int | str | None) -> None:
    """Start the devices of a run, and print them with `--verbose`.

    Arguments:
        device: the name that the user gave, or None.
        devices: the number or the names of several that the user gave, or None.

    Errors: `DeviceError` if there are no such devices.
    """
    from ..runner import find_devices
    from ..solution import device_text

    found = find_devices(device, devices)
    reason = "asked for" if found.chosen else "JAX's choice"
    tell("device", f"{device_text(found.told)}, {found.told['kind']}", reason)


@contextmanager
def plain_warnings(reword: Callable[[str], str | None]) -> Iterator[None]:
    """Show Plugax's own warnings without the line of code that raised them.

    Arguments:
        reword: gives what to say instead of another warning, empty for nothing; None to show it.
    """
    with warnings.catch_warnings():
        before = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            told = str(message) if issubclass(category, OURS) else reword(str(message))
            if told is not None:
                if told and not quiet():
                    text = " ".join(told.split())
                    print(f"plugax: warning: {text}", file=file or sys.stderr)
            else:
                before(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield
