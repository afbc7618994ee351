"""The descriptions of arguments in optax's docstrings, as plain text."""

import inspect
import re
import textwrap
from collections.abc import Callable

_SECTION = re.compile(r"^Args:\n((?:[ \t]+\S.*\n|\s*\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^(\w+):((?:.*\n)(?:[ \t]+.*\n|\s*\n)*)", re.MULTILINE)
_ROLE = re.compile(r":\w+:`([^`]*)`")
# This is true in optax, where a schedule is a function; here a schedule has its own options.
_SCHEDULER = re.compile(
    r",? either fixed or evolving along iterations with a scheduler(, see [\w.]+\.)?"
)
# Help is read option by option, without the formulas.
_FORMULA = re.compile(r",? see formula of \w+ above|[^.]*\bformula above\.?")


def summary_of(function: Callable) -> str:
    """The first sentence."""
    return (inspect.getdoc(function) or "").partition("\n")[0]


def arguments_of(function: Callable) -> dict[str, str]:
    """The text of every argument; for a partial function also the text of its original."""
    inner = getattr(function, "func", None)
    found = arguments_of(inner) if inner else {}
    section = _SECTION.search((inspect.getdoc(function) or "") + "\n")
    if section:
        for name, text in _ENTRY.findall(textwrap.dedent(section.group(1))):
            found[name] = _plain(text)
    return found


def _plain(text: str) -> str:
    """One line, without Sphinx's markup."""
    text = _ROLE.sub(r"\1", " ".join(text.split())).replace("`", "").replace("\\", "")
    text = _FORMULA.sub("", text)
    return _SCHEDULER.sub(".", text).replace("..", ".").strip()
