"""The flags of a command line: those of the command, and the options of what is named on it.

They are the flags that `cli/_flags.py` makes from the components themselves, but from what is
known of them, since importing them would take seconds.
"""

import collections
from collections.abc import Iterator, Sequence
from typing import Any

Known = dict[str, Any]
Path = tuple[str, ...]
INNER, OUTER = ("optimizer", "integrator"), ("problem", "solver")


def flags_of(words: Sequence[str], command: Known, known: Known) -> Known:
    """All flags by their forms, in the order in which help shows them.

    `offered` is the beginning of a word from which on a form is offered: `--` for most, `--no` for
    a switch that is turned off, and a dot for a long form if there is a short one.

    Arguments:
        words: the command and what follows it.
        command: what is known of the command.
        known: what is known of all.
    """
    flags = {flag: about for flag, about in command["flags"].items() if not about["further"]}
    options: list[tuple[Path, str, Known]] = []
    if command["options"]:
        for flag in (f"--{kind}" for kind in INNER):
            flags.pop(flag, None)
        options = list(_options(words, known))
    counts = collections.Counter(name for _, name, _ in options)
    inside = collections.Counter((*path[1:], name) for path, name, _ in options)
    kinds = collections.Counter(about.get("kind") for _, _, about in options)
    for path, name, about in options:
        short, full = f"--{kebab(name)}", qualified((*path, name))
        kind = about.get("kind")
        forms = [short] if counts[name] == 1 and short not in command["flags"] else []
        if kind in INNER and kinds[kind] == 1:
            forms = [f"--{kind}"]
        elif kind in INNER:
            forms = []
        # In a part of a part, the root may be left out.
        if len(path) > 1 and inside[(*path[1:], name)] == 1:
            forms.append(qualified((*path[1:], name)))
        for place, form in enumerate([*forms, full]):
            offered = "." if place else "--"
            flags[form] = about | {"again": False, "offered": offered}
            if about["takes"] is None:
                flags[f"--no-{form.removeprefix('--')}"] = flags[form] | {"offered": "--no"}
    further = {flag: about for flag, about in command["flags"].items() if about["further"]}
    everywhere = {
        flag: {"takes": None, "help": text, "again": False}
        for flag, text in known["everywhere"].items()
    }
    return flags | further | everywhere


def _options(words: Sequence[str], known: Known) -> Iterator[tuple[Path, str, Known]]:
    """The options of the components that a command line names, with their places in the run."""
    command, kinds = words[0], known["components"]
    if command == "check":
        found = [(kind, name) for kind in kinds for name in words[1:] if name in kinds[kind]]
        for kind, name in found[:1]:
            yield from _walk(kind, name, (kind,), words, {}, known)
        return
    problem = problem_of(words, known)
    if command in ("run", "sweep", "compare"):
        yield from _walk("problem", problem, ("problem",), words, {}, known)
    if command in ("run", "sweep"):
        recipes = kinds["problem"].get(problem, {}).get("recipes", {})
        solver = value_of(words, "--solver") or next(iter(recipes), "")
        yield from _walk("solver", solver, ("solver",), words, recipes.get(solver, {}), known)
    observers = values_of(words, "--observer")
    for observer in observers:
        path = ("observer",) if len(observers) == 1 else ("observer", observer)
        yield from _walk("observer", observer, path, words, {}, known)


def _walk(
    kind: str, name: str, path: Path, words: Sequence[str], recipe: Known, known: Known
) -> Iterator[tuple[Path, str, Known]]:
    """The options of a component and of the components inside it."""
    options = known["components"][kind].get(name, {}).get("options", {})
    for option, about in options.items():
        yield path, option, about
    for option, about in options.items():
        inner = about.get("kind")
        if inner is not None:
            forms = [qualified((*path, option))]
            forms += [f"--{inner}"] * (inner in INNER)
            # `--solver` is the solver of the run, not an option of that name inside it.
            forms += [f"--{kebab(option)}"] * (option not in OUTER)
            forms += [qualified((*path[1:], option))] * (len(path) > 1)
            part = value_of(words, *forms) or recipe.get(option) or about["part"] or ""
            yield from _walk(inner, part, (*path, option), words, {}, known)


def problem_of(words: Sequence[str], known: Known) -> str:
    """The problem that a command line names."""
    return next((word for word in words[1:] if word in known["components"]["problem"]), "")


def value_of(words: Sequence[str], *forms: str) -> str | None:
    """The last value that is given to a flag."""
    values = values_of(words, *forms)
    return values[-1] if values else None


def values_of(words: Sequence[str], *forms: str) -> list[str]:
    """All values that are given to a flag."""
    found = []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        flag, equals, value = word.partition("=")
        if flag in forms:
            found.append(value if equals else following)
    return [value for value in found if value and not value.startswith("--")]


def qualified(path: Path) -> str:
    """The flag with the path of an option."""
    return f"--{'.'.join(map(kebab, path))}"


def kebab(name: str) -> str:
    """A name as it is written in a flag."""
    return name.replace("_", "-")
