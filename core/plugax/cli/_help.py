"""How help looks: each option once, in its shortest form; in brief, or with all that there is.

Brief help has the usual options only, each with the first clause of its text, its unit and its
default. What it leaves out is in the help of `--help-all`.
"""

import argparse
import re
import textwrap
from typing import Any

from .._terminal import WIDEST, width

_PARTS = re.compile(r"(.*?)((?:; default: [^;]*| \((?:default: .*|required)\))?)", re.DOTALL)
_END_OF_CLAUSE = re.compile(r"(?<!default)[;:] |\. (?=[^\W\da-z])")
_UNIT = re.compile(r"\[[^\]]+\]")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help with all options and their whole texts."""

    def __init__(self, prog: str, **kwargs: Any):
        columns = min(width() or 80, WIDEST) - 2
        super().__init__(prog, max_help_position=30, **({"width": columns} | kwargs))

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        form = action.option_strings[0]
        if isinstance(action, argparse.BooleanOptionalAction):
            return form.replace("--", "--[no-]", 1)
        if action.nargs == 0:
            return form
        return f"{form} {self._format_args(action, _metavar(action))}"

    def start_section(self, heading: str | None) -> None:
        """Start a section, with its heading wrapped."""
        super().start_section(heading and textwrap.fill(heading, self._width))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """The text with long lines wrapped; existing line breaks are kept."""
        lines = [textwrap.fill(line, width) for line in text.splitlines()]
        return textwrap.indent("\n".join(lines), indent)


class BriefFormatter(Formatter):
    """Help without further options, and with short texts."""

    def add_argument(self, action: argparse.Action) -> None:
        """Add an option, unless only `--help-all` shows it."""
        if not getattr(action, "further", False):
            super().add_argument(action)

    def _expand_help(self, action: argparse.Action) -> str:
        return brief(super()._expand_help(action))


def brief(text: str) -> str:
    """The first clause of an option's text, its unit in brackets, and its default."""
    match = _PARTS.fullmatch(text)
    meaning, default = match.groups() if match else (text, "")
    first = _END_OF_CLAUSE.split(meaning, maxsplit=1)[0]
    return " ".join([first, *_UNIT.findall(meaning[len(first) :])]) + default


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return f"{{{','.join(map(str, action.choices))}}}"
    return action.dest.rpartition(".")[2].upper()
