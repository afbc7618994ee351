"""The words that may follow the words of a command line."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ._flags import flags_of, problem_of

Known = dict[str, Any]
Word = tuple[str, str]


class Candidates(NamedTuple):
    """Candidates for the word that is being written.

    Attributes:
        kind: "words", "part", "files" or "directories".
        words: each with its description.
    """

    kind: str = "words"
    words: tuple[Word, ...] = ()


def candidates(words: Sequence[str], known: Known) -> Candidates:
    """What the last of the words may become.

    Arguments:
        words: the words after `plugax`; the last is being written, and may be empty.
        known: what `_gather` found.
    """
    *before, current = words
    before = [word for word in before if word not in known["everywhere"]]
    if not before:
        commands = {name: command["help"] for name, command in known["commands"].items()}
        return _starting(current, (known["first"] if current[:1] == "-" else commands).items())
    command = known["commands"].get(before[0])
    if command is None:
        return Candidates()
    if before[0] == "compare" and before[-1] == "--solver" and " " in current:
        return _within_quotes(current, known)
    flags = flags_of(before, command, known)
    name, equals, value = current.partition("=")
    if equals and name in flags:
        return _values(flags[name]["takes"], value, known, before, f"{name}=")
    last = flags.get(before[-1])
    if last is not None and last["takes"] is not None:
        return _values(last["takes"], current, known, before)
    places = command["places"]
    done = len(positionals(before[1:], flags))
    if places and places[-1]["again"]:
        done = min(done, len(places) - 1)
    if current[:1] != "-" and done < len(places):
        return _values(places[done]["takes"], current, known, before)
    given = {word.partition("=")[0] for word in before}
    free = [flag for flag in flags if flag not in given or flags[flag]["again"]]
    wanted = [flag for flag in free if flags[flag].get("offered", "--") in f"--{current}"]
    return _starting(current, [(flag, flags[flag]["help"]) for flag in wanted])


def _within_quotes(current: str, known: Known) -> Candidates:
    """What follows in `compare --solver "letkf --members 10 …`, the options of that solver."""
    name, *words = current.split(" ")
    alone = {"run": {"flags": {}, "places": [], "options": True}}
    inner = known | {"commands": alone, "everywhere": {}}
    found = candidates(["run", f"--solver={name}", *words], inner)
    before = current.removesuffix(words[-1])
    return Candidates("part", tuple((before + word, text) for word, text in found.words))


def positionals(words: Sequence[str], flags: Known) -> list[str]:
    """The words that are neither flags nor the values of flags."""
    found, value = [], False
    for word in words:
        if word.startswith("-"):
            takes = flags.get(word, {"takes": {}})["takes"]
            value = "=" not in word and takes is not None
        else:
            found += [] if value else [word]
            value = False
    return found


def _values(
    takes: Known, current: str, known: Known, before: list[str], prefix: str = ""
) -> Candidates:
    """The values that a flag or a place takes."""
    if "paths" in takes:
        return Candidates(takes["paths"])
    found: list[Word] = [(word, "") for word in takes.get("words", ())]
    for kind in takes.get("of", ()):
        components = known["components"][kind]
        names = components
        if kind == "solver":
            problem = known["components"]["problem"].get(problem_of(before, known), {})
            names = problem.get("solvers", components)
        found += [(name, components[name]["summary"]) for name in names if name in components]
    if not takes.get("several"):
        return _starting(current, found, prefix)
    done, comma, current = current.rpartition(",")
    found = [(word, text) for word, text in found if word not in done.split(",")]
    return Candidates("part", _starting(current, found, f"{prefix}{done}{comma}").words)


def _starting(current: str, words: Iterable[Word], prefix: str = "") -> Candidates:
    """The words that begin as the current one does."""
    return Candidates(
        "words",
        tuple((f"{prefix}{word}", text) for word, text in words if word.startswith(current)),
    )
