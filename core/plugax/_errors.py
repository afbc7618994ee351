"""The errors and warnings a user may want to tell apart. Imports nothing heavy."""

import difflib
from collections.abc import Iterable

NEAR = 0.65  # how alike names are of which one is a misspelling of the other
LEAST_BEGINNING = 3
MOST = 3


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


class OutOfMemoryError(PlugaxError, MemoryError):
    """What was asked for does not fit into the memory that is free."""


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
    """A sentence with the known names near to `name`, upper or lower case; or nothing.

    A far one would send people the wrong way: a name is near if few letters differ, in the last
    part of a qualified name too, or if it begins with what was written.
    """
    folded: dict[str, list[str]] = {}
    for one in sorted(set(known)):
        folded.setdefault(one.casefold(), []).append(one)
    wanted = name.casefold()
    near = [one for one in folded if _likeness(wanted, one) >= NEAR]
    near.sort(key=lambda one: -_likeness(wanted, one))
    matches = [repr(one) for match in near[:MOST] for one in folded[match]]
    return f" Did you mean {' or '.join(matches)}?" if matches else ""


def _likeness(name: str, known: str) -> float:
    """From 0 to 1, without what all flags, and all names of one plugin, have in common."""
    name, known = name.lstrip("-"), known.lstrip("-")
    if len(name) >= LEAST_BEGINNING and known.startswith(name):
        return 1.0
    parts = [text.replace(":", ".").rpartition(".")[2] for text in (name, known)]
    pairs = ((name, known), (parts[0], parts[1]))
    return min(difflib.SequenceMatcher(None, *pair).ratio() for pair in pairs)
