"""The parser of all commands: argparse, with errors that are raised instead of printed.

An error names the option as it was written, what was expected, what was given, and the nearest.
"""

import argparse
import contextlib
import contextvars
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from .._terminal import paragraph
from ..errors import PlugaxError, did_you_mean, unexpected
from ._help import BriefFormatter, Formatter
from ._numbers import whole
from ._text import answer

HELP = ("--help", "-h", "--help-all")


_shown: contextvars.ContextVar[list["Parser"] | None] = contextvars.ContextVar(
    "parsers whose help was wanted", default=None
)


class UsageError(PlugaxError):
    """The command line cannot be understood."""


class Parser(argparse.ArgumentParser):
    """A parser that accepts options only by their full names.

    Arguments:
        brief: whether `--help` shows the usual options only, in few words.
    """

    def __init__(self, *, brief: bool = False, **kwargs: Any):
        super().__init__(
            formatter_class=BriefFormatter if brief else Formatter,
            allow_abbrev=False,
            add_help=False,
            exit_on_error=False,
            **kwargs,
        )
        self.register("type", int, _told("integer", whole))
        self.register("type", float, _told("number", float))
        # Defined here rather than by argparse only for the wording of the help.
        self.add_argument("--help", "-h", action="help", help="show this and exit")
        all_help = "show all options, with their whole texts, and exit"
        self.add_argument(
            "--help-all", action=_HelpAll, nargs=0, help=all_help if brief else argparse.SUPPRESS
        )
        self._further = self.add_argument_group("further options")

    def add_further(self, *names: str, **settings: Any) -> None:
        """Add an option that brief help leaves out; arguments as for `add_argument`."""
        vars(self._further.add_argument(*names, **settings))["further"] = True

    def print_help(self, file: Any = None) -> None:
        """Print the help, unless `parser_of` asks."""
        shown = _shown.get()
        if shown is None:
            super().print_help(file)
        else:
            shown.append(self)

    def format_help(self) -> str:
        """The help, brief or not."""
        text = super().format_help()
        if self.formatter_class is not BriefFormatter:
            return text
        more = f"`{self.prog} --help-all` shows all options, with their whole texts."
        return f"{text}\n{paragraph(more)}\n"

    def parse_args(  # pyright: ignore[reportIncompatibleMethodOverride] - overloaded there
        self, args: Iterable[str] | None = None, namespace: Any = None
    ) -> Any:
        """The values of all arguments.

        Errors: `UsageError` for a wrong value, or for an option that does not exist.
        """
        words = list(sys.argv[1:] if args is None else args)
        found, left = self.parse_known_args(words, namespace)
        if left:
            self._refuse(left[0], words)
        return found

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride] - overloaded there
        self, args: Iterable[str] | None = None, namespace: Any = None
    ) -> Any:
        """The values of the arguments that are known, and all other words.

        Errors: `UsageError` for a wrong value.
        """
        words = list(sys.argv[1:] if args is None else args)
        try:
            return super().parse_known_args(words, namespace)
        except argparse.ArgumentError as error:
            self.error(self._explain(error, words))

    def error(self, message: str) -> NoReturn:
        """Raise the error that `main` prints."""
        raise UsageError(f"{message} (see `{self.prog} --help`)")

    def _explain(self, error: argparse.ArgumentError, words: list[str]) -> str:
        """The error with the option as it was written, not in all its forms."""
        forms = (error.argument_name or "").split("/")
        written = [word.partition("=")[0] for word in words]
        flag = next((word for word in reversed(written) if word in forms), forms[0])
        ignored = "ignored explicit argument "
        if error.message.startswith(ignored):
            return self._no_value(flag, error.message.removeprefix(ignored))
        return f"{flag}: {error.message}" if flag else error.message

    def _refuse(self, word: str, words: list[str]) -> NoReturn:
        """Say what is wrong with a word that no option takes."""
        flag = word.partition("=")[0]
        if flag.startswith("-"):
            forms = [form for action in self._actions for form in action.option_strings]
            self.error(f"there is no option {flag}.{did_you_mean(flag, forms)}")
        before = words[words.index(word) - 1] if word in words[1:] else ""
        action = self._option_string_actions.get(before)
        if action is not None and action.nargs == 0:
            self.error(self._no_value(before, repr(word)))
        self.error(f"unexpected argument {word!r}")

    def _no_value(self, flag: str, got: str) -> str:
        forms = self._option_string_actions[flag].option_strings
        no = [form for form in forms if form.startswith(f"--no-{flag.removeprefix('--')}")]
        return f"{flag} is a switch: write {' or '.join([flag, *no[:1]])} alone; got {got}"

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = list(map(str, action.choices))
            raise argparse.ArgumentError(action, unexpected("|".join(known), value, known))

    def _print_message(self, message: str, file: Any = None) -> None:  # noqa: ARG002
        """Print help or version as an answer, whatever argparse uses as standard output."""
        answer(message, end="")


class _HelpAll(argparse.Action):
    """Shows the help in full."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        parser.formatter_class = Formatter
        parser.print_help()
        parser.exit()


def _told(expected: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A function from text to a value whose error says what was expected."""

    def told(text: str) -> Any:
        try:
            return read(text)
        except ValueError:
            raise argparse.ArgumentTypeError(unexpected(expected, text)) from None

    return told


def parser_of(main: Callable[[list[str]], int]) -> Parser:
    """The parser of a command, which is the one that shows its help.

    Arguments:
        main: runs the command.
    """
    token = _shown.set([])
    try:
        with contextlib.suppress(SystemExit):
            main(["--help"])
        return (_shown.get() or [])[0]
    finally:
        _shown.reset(token)


def version() -> str:
    """Plugax's version."""
    from .. import __version__

    return __version__
