"""The errors and warnings that a user may want to distinguish. Imports nothing heavy."""

import difflib
from collections.abc import Iterable

NEAR = 0.65  # the similarity from which on one name may be a misspelling of the other
LEAST_BEGINNING = 3
MOST = 3


class PlugaxError(Exception):
    """A wrong call or an invalid input; says what was expected, what was given, what to do."""


class UnknownNameError(PlugaxError, LookupError):
    """A component or option by that name does not exist."""


class AmbiguousNameError(PlugaxError, LookupError):
    """Several plugins use the name, and none of them takes precedence."""


class PluginError(PlugaxError):
    """A plugin cannot be used: it cannot be imported, or registers something invalid."""


class UnsuitableProblemError(PlugaxError, TypeError):
    """The problem lacks the structure that the solver needs."""


class DeviceError(PlugaxError, RuntimeError):
    """The device asked for does not exist."""


class LostProcessError(PlugaxError, RuntimeError):
    """Another process of a distributed run has ended, so this one cannot go on."""


class OutOfMemoryError(PlugaxError, MemoryError):
    """There is not enough free memory for what was asked for."""


class DamagedRunError(PlugaxError):
    """A file of a saved run is missing, or is not what was written."""


class RunFailedError(PlugaxError, RuntimeError):
    """A run did not succeed, and `throw=True` asked for an exception.

    Attributes:
        solution: the solution of the run, with the last good unknowns.
    """

    def __init__(self, message: str, solution: object = None):
        super().__init__(message)
        self.solution = solution


class PluginWarning(UserWarning):
    """A plugin is left out; everything else works."""


class PrecisionWarning(UserWarning):
    """A problem that needs float64 runs in float32."""


class ResumeWarning(UserWarning):
    """A run goes on for longer than it was prepared for."""


class UnsavedWarning(UserWarning):
    """A run could not be saved; its solution is returned nevertheless."""


class VersionWarning(UserWarning):
    """A saved run is loaded with versions other than those it was saved with."""


def unexpected(
    expected: str, got: object, known: Iterable[str] = (), *, wrong: str | None = None
) -> str:
    """What was expected, what was given, and the nearest of the known values; no final full stop.

    Arguments:
        expected: what was expected, in words.
        got: what was given.
        known: the values that could have been meant.
        wrong: the part of what was given that is wrong; by default all of it.
    """
    wrong = str(got) if wrong is None else wrong
    near = did_you_mean(wrong, known)
    return f"expected {expected}; got {got!r}" + (f".{near}" if near else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the known names similar to `name`, ignoring case; empty if there are none.

    A name is similar if few letters differ from it or from its first word, in a qualified name also
    in its last part, or if it begins with what was written. Less similar names would be misleading.
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
    """The similarity from 0 to 1, without what all flags, or names of a plugin, have in common."""
    name, known = name.lstrip("-"), known.lstrip("-")
    if len(name) >= LEAST_BEGINNING and known.startswith(name):
        return 1.0
    parts = [text.replace(":", ".").rpartition(".")[2] for text in (name, known)]
    pairs = ((name, known), (parts[0], parts[1]))
    return min(max(_ratio(name, known), _ratio(name, known.split("-")[0])) for name, known in pairs)


def _ratio(name: str, known: str) -> float:
    return difflib.SequenceMatcher(None, name, known).ratio()
