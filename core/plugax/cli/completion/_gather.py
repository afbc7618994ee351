"""What completion has to know, as plain data.

version       of this form of the data
made_of       the files and directories it was made from, with their times of change
everywhere    the flags of every command, with their help
first         the flags that may stand in place of a command, with their help
commands      by name: its help; its `flags`; its `places`, the words without a flag; whether it has
              the `options` of components
components    by kind and name: its summary; its `options`; of a problem also the `solvers` that
              fit, and its `recipes`: by solver, the components in it

What a flag, a place or an option `takes` is None for a switch, and else has some of: `words`, from
which to choose; `of`, kinds of component; `paths`, "files" or "directories"; `several`, true if
commas separate more than one.
"""

import argparse
import contextlib
import importlib
import os
import sys
import sysconfig
from typing import Any

from ...errors import PlugaxError
from ...plugins import (
    KINDS,
    Component,
    Option,
    class_made_by,
    component_kind,
    default_manager,
    is_path,
    known_of,
    names_in,
    options_of,
    origin_of,
)
from .._help import brief
from .._main import COMMANDS, EVERYWHERE, main_parser
from .._parser import Parser, parser_of
from .._request import EVALUATION_WORDS
from .._values import choices_of, is_switch, types_of
from ._known import VERSION

INSTALLED = ("site-packages", "dist-packages", sysconfig.get_path("stdlib"))
WITH_OPTIONS = ("run", "sweep", "compare", "check", "resume")
"""Commands that have the options of the components that are named."""
PLACES = {"PROBLEM": ("problem",), "TARGET": KINDS, "NAME": KINDS}
"""Kinds of component, by the word that stands for a name in the help of a place."""
PATHS = {"DIR": "directories", "FILE": "files"}
WORDS = {
    "--evaluate-every": EVALUATION_WORDS,
    "--device": ("cpu", "gpu", "tpu"),
    "--devices": ("all",),
}


def names() -> dict[str, Any]:
    """What can be known without JAX: commands with their flags, components with their summaries."""
    with contextlib.redirect_stdout(sys.stderr):
        return {
            "version": VERSION,
            "made_of": {},
            "everywhere": EVERYWHERE,
            "first": {a.option_strings[0]: a.help for a in _visible(main_parser())},
            "commands": {name: _command(name, text) for name, text in COMMANDS.items()},
            "components": {
                kind: {_name(c): {"summary": c.summary} for c in default_manager().components(kind)}
                for kind in KINDS
            },
        }


def everything() -> dict[str, Any]:
    """All that is to be known; imports every component."""
    found = names()
    with contextlib.redirect_stdout(sys.stderr):
        for component in default_manager().components():
            # A component that cannot be imported has a name all the same.
            with contextlib.suppress(Exception):
                found["components"][component.kind][_name(component)] |= _details(component)
    return found | {"made_of": _made_of()}


def _name(component: Component) -> str:
    known = default_manager().components(component.kind)
    alone = [c.name for c in known].count(component.name) == 1
    return component.name if alone else f"{component.plugin}:{component.name}"


def _command(name: str, text: str) -> dict[str, Any]:
    actions: list[argparse.Action] = []
    with contextlib.suppress(Exception):  # a command without help has a name all the same
        actions = _visible(parser_of(importlib.import_module(f".._{name}", __package__).main))
    return {
        "help": text,
        "options": name in WITH_OPTIONS,
        "flags": {
            form: {
                "help": brief(action.help or ""),
                "takes": _taken_by(action, form),
                "again": action.nargs != 0 and "Append" in type(action).__name__,
                "further": getattr(action, "further", False),
            }
            for action in actions
            for form in action.option_strings[:1]
        },
        "places": [
            {"takes": _taken_by(action, ""), "again": action.nargs in ("*", "+")}
            for action in actions
            if not action.option_strings
        ],
    }


def _visible(parser: Parser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.help is not argparse.SUPPRESS]


def _taken_by(action: argparse.Action, flag: str) -> dict[str, Any] | None:
    """What a flag takes, or a place if the flag is empty."""
    if action.nargs == 0:
        return None
    word, kind = str(action.metavar), flag.removeprefix("--")
    if action.choices is not None or flag in WORDS:
        return {"words": list(map(str, action.choices or WORDS[flag]))}
    if kind in KINDS or kind.removesuffix("s") in KINDS:
        return {"of": [kind.removesuffix("s")], "several": kind not in KINDS}
    if word in PATHS:
        return {"paths": PATHS[word]}
    return {"of": list(PLACES[word])} if word in PLACES and (not flag or word != "NAME") else {}


def _details(component: Component) -> dict[str, Any]:
    """What is known of a component besides its summary."""
    target = component.load()
    options = {option.name: _option(option) for option in options_of(target)}
    found: dict[str, Any] = {"options": {n: about for n, about in options.items() if about}}
    if component.kind == "problem":
        recipes = known_of(target, "recipes", {})
        found["recipes"] = {name: _parts(recipe) for name, recipe in recipes.items()}
        made = class_made_by(target)
        if made is not None:
            found["solvers"] = _solvers(made, list(recipes))
    return found


def _solvers(problem: type, recommended: list[str]) -> list[str]:
    from ...runner import fitting

    return [*recommended, *(name for name in fitting(problem) if name not in recommended)]


def _parts(recipe: dict[str, Any]) -> dict[str, str]:
    """The names of the components in a recipe, as far as they are told by a spec."""
    return {key: value["name"] for key, value in recipe.items() if isinstance(value, dict)}


def _option(option: Option) -> dict[str, Any] | None:
    """What is known of an option; None for one that only Python can give."""
    kind = component_kind(option.types)
    if kind is None and not types_of(option):
        return None
    about: dict[str, Any] = {"help": brief(option.help.rstrip(".")), "takes": {}}
    if kind is not None:
        default = option.default
        name = default if isinstance(default, str) else (origin_of(default) or {}).get("name")
        return about | {"takes": {"words": _holdable(option, kind)}, "kind": kind, "part": name}
    if is_switch(option):
        return about | {"takes": None}
    if any(is_path(kind) for kind in option.types):
        return about | {"takes": {"paths": "files"}}
    choices = choices_of(option)
    words = choices or names_in(option.types)
    return about | ({"takes": {"words": words, "several": choices is None}} if words else {})


def _holdable(option: Option, kind: str) -> list[str]:
    """The components of a kind that an option may hold."""
    takes = tuple(one for one in option.types if isinstance(one, type))
    found = []
    for component in default_manager().components(kind):
        with contextlib.suppress(PlugaxError):
            made = class_made_by(component.load())
            if made is None or issubclass(made, takes):
                found.append(_name(component))
    return found


def _made_of() -> dict[str, int]:
    """The modules that are somebody's sources, and the directories in which packages are installed.

    When a package is installed or removed, its directory changes, whose modules need no look.
    """
    files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    sources = {file for file in files if not any(part in file for part in INSTALLED)}
    paths = sorted(path for path in sources | set(sys.path) if os.path.exists(path))
    return {path: os.stat(path).st_mtime_ns for path in paths}
