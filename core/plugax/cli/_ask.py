"""The questions that `plugax new` asks on a terminal."""

import pathlib
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import PlugaxError
from ..scaffold import (
    KINDS,
    LICENCES,
    Distribution,
    Kind,
    check_component_name,
    check_plugin_name,
    kind_of,
)

Answer = TypeVar("Answer")


def ask_for(flags: Any, author: str | None, version: str) -> Distribution:
    """The plugin that the user describes; nothing is asked that a flag says.

    Arguments:
        flags: the flags of `plugax new`.
        author: the author's name, if it is known.
        version: Plugax's version.

    Errors: `PlugaxError` if the input ends, or a flag is wrong.
    """
    if flags.words:
        name = _plugin_name(flags.words[0])
    else:
        name = _ask("Name of the plugin, such as plugax-valley", None, _plugin_name)
    kinds = _ask(f"What does it bring? One or several of {', '.join(KINDS)}", "problem", _kinds)
    brings = [(kind, _ask(f"Name of the {kind.words}", *_named(kind))) for kind in kinds]
    licence = flags.licence or _ask(f"Licence, of {', '.join(LICENCES)}", LICENCES[0], _licence)
    author = flags.author or _ask("Author", author or f"The authors of {name}", str)
    return Distribution(name, brings, author, licence, flags.description, version)


def _ask(question: str, default: str | None, read: Callable[[str], Answer]) -> Answer:
    """An answer that `read` accepts; what it refuses is asked again."""
    while True:
        shown = f" [{default}]" if default else ""
        print(f"{question}{shown}: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            print(file=sys.stderr)
            raise PlugaxError("The input ended before all was answered; nothing is written.")
        try:
            return read(line.strip() or default or "")
        except PlugaxError as error:
            print(error, file=sys.stderr)


def _plugin_name(text: str) -> str:
    check_plugin_name(text)
    if pathlib.Path(text).exists():
        raise PlugaxError(f"{text} exists here already. Choose another name, or move it away.")
    return text


def _kinds(text: str) -> list[Kind]:
    return [kind_of(word) for word in text.replace(",", " ").split()]


def _named(kind: Kind) -> tuple[str, Callable[[str], str]]:
    """The default name of a component, and what reads another."""

    def read(text: str) -> str:
        check_component_name(kind, text)
        return text

    return kind.example, read


def _licence(text: str) -> str:
    if text not in LICENCES:
        raise PlugaxError(f"Expected one of {', '.join(LICENCES)}; got {text!r}.")
    return text
