"""The parser of all commands: argparse, with errors that are raised instead of printed."""

import argparse
import textwrap
from typing import Any, NoReturn

from .._terminal import WIDEST, width
from ..errors import PlugaxError
from ._text import answer


class UsageError(PlugaxError):
    """The command line cannot be understood."""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help that shows each option once, in its shortest form."""

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


class Parser(argparse.ArgumentParser):
    """A parser that accepts options only by their full names."""

    def __init__(self, **kwargs: Any):
        super().__init__(formatter_class=Formatter, allow_abbrev=False, add_help=False, **kwargs)
        # Defined here rather than by argparse only for the wording of the help.
        self.add_argument("--help", "-h", action="help", help="show this and exit")

    def error(self, message: str) -> NoReturn:
        """Raise the error that `main` prints."""
        raise UsageError(f"{message} (see `{self.prog} --help`)")

    def _print_message(self, message: str, file: Any = None) -> None:  # noqa: ARG002
        """Print help or version as an answer, whatever argparse uses as standard output."""
        answer(message, end="")


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return f"{{{','.join(map(str, action.choices))}}}"
    return action.dest.rpartition(".")[2].upper()


def version() -> str:
    """Plugax's version."""
    from .. import __version__

    return __version__
