"""The errors and warnings a user may want to tell apart. Imports nothing heavy."""

import difflib
from collections.abc import Iterable


class PlugaxError(Exception):
    """A wrong call or an unusable input: what was expected, what came, what to do."""


class UnknownNameError(PlugaxError, LookupError):
    """A component or option by that name does not exist."""


class AmbiguousNameError(PlugaxError, LookupError):
    """Several plugins claim the name, and none wins silently."""


class PluginError(PlugaxError):
    """A plugin cannot be used: it does not import, or what it registers does not fit."""


class UnsuitableProblemError(PlugaxError, TypeError):
    """The problem lacks the structure that the solver asks for."""


class DeviceError(PlugaxError, RuntimeError):
    """The device asked for is not there."""


class RunFailedError(PlugaxError, RuntimeError):
    """A run did not succeed, and `throw=True` asked for an exception.

    Attributes:
        solution: what came out of the run all the same.
    """

    def __init__(self, message: str, solution: object = None):
        super().__init__(message)
        self.solution = solution


class PluginWarning(UserWarning):
    """A plugin is left out; everything else works."""


class PrecisionWarning(UserWarning):
    """A problem that wants float64 runs in float32."""


class UnsavedWarning(UserWarning):
    """A run could not be saved; its solution is returned all the same."""


class VersionWarning(UserWarning):
    """A saved run is loaded with other versions than it was saved with."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the known names closest to `name`, upper or lower case; or nothing."""
    folded: dict[str, list[str]] = {}
    for one in sorted(set(known)):
        folded.setdefault(one.casefold(), []).append(one)
    close = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    matches = [repr(one) for match in close for one in folded[match]]
    return f" Did you mean {' or '.join(matches)}?" if matches else ""
