"""`plugax new`: begin a plugin, or add a component to one. Imports no JAX."""

import pathlib
import shutil
import subprocess
import sys
from typing import Any

from ..errors import PlugaxError, did_you_mean
from ..scaffold import (
    KINDS,
    LICENCES,
    Distribution,
    Kind,
    NewComponent,
    add_component,
    find_plugin,
    kind_of,
)
from ._ask import ask_for
from ._exit import SUCCESS
from ._parser import Parser, version
from ._signals import restore_signals
from ._text import answer, columns

FOR_PLUGINS = ("brings", "author", "licence", "description")


def main(argv: list[str]) -> int:
    """Write a plugin or a component, and say what to do next."""
    parser = _parser()
    flags = parser.parse_args(argv)
    restore_signals()  # an interrupted command tidies up
    if len(flags.words) > 2:
        parser.error(f"expected NAME, or KIND NAME; got {' '.join(flags.words)}")
    if len(flags.words) == 2:
        _add(parser, flags)
    else:
        _begin(parser, flags)
    return SUCCESS


def _parser() -> Parser:
    parser = Parser(
        prog="plugax new",
        usage="plugax new NAME [--brings KIND,KIND=NAME,…] [--option value]…\n"
        "       plugax new KIND NAME",
        description="Begin a plugin, in a new directory; or, in the directory of a plugin, add a "
        "component to it. What is written works at once and passes its tests: put your own "
        "equations in its place. On a terminal, `plugax new NAME` asks what is not given.",
        epilog="kinds, and what is written:\n"
        + columns([(kind.name, kind.summary) for kind in KINDS.values()], indent=2)
        + "\n\nfor example:\n  plugax new plugax-valley --brings problem=valley,solver\n"
        "  plugax new optimizer normalized-momentum",
    )
    add = parser.add_argument
    help_ = "the plugin's name; or a kind, and the component's name"
    add("words", nargs="*", metavar="NAME", help=help_)
    add(
        "--brings",
        metavar="KIND,…",
        help="what it brings: kinds with commas between them, each as KIND or KIND=NAME",
    )
    add("--author", metavar="NAME", help="your name; default: that of git")
    add("--licence", metavar="ID", help=f"{', '.join(LICENCES)}; default: {LICENCES[0]}")
    add("--description", metavar="TEXT", help="one line; default: what the plugin brings")
    return parser


def _begin(parser: Parser, flags: Any) -> None:
    """Write a new plugin."""
    author = flags.author or _git_name()
    if flags.brings is None and sys.stdin.isatty():
        distribution = ask_for(flags, author, version())
    else:
        if not flags.words:
            parser.error("what is the plugin called? `plugax new NAME`")
        if flags.brings is None:
            parser.error(f"what does it bring? --brings with one of {', '.join(KINDS)}, or several")
        distribution = Distribution(
            flags.words[0],
            brings_of(flags.brings),
            author,
            flags.licence or LICENCES[0],
            flags.description,
            version(),
        )
    written = distribution.write(pathlib.Path.cwd())
    files = distribution.files()
    answer(f"{written.name}/\n" + "\n".join(f"  {path}" for path in files))
    answer(
        f"\nNext:\n  cd {written.name}\n"
        '  python -m pip install --editable ".[test]"\n'
        "  python -m pytest\n"
        f"  {distribution.components[0].trial}"
    )


def _add(parser: Parser, flags: Any) -> None:
    """Add a component to the plugin in whose directory we are."""
    word, name = flags.words
    if word not in KINDS:
        parser.error(
            f"expected NAME for a new plugin, or KIND NAME for a component; {word!r} is none of "
            f"the kinds {', '.join(KINDS)}.{did_you_mean(word, KINDS)}"
        )
    given = [flag for flag in FOR_PLUGINS if getattr(flags, flag) is not None]
    if given:
        parser.error(f"--{given[0]} is for a new plugin; {word} {name} is added to one")
    plugin = find_plugin(pathlib.Path.cwd())
    component = NewComponent(kind_of(word), name, plugin.package, plugin.name)
    added = add_component(plugin, component)
    hooks = plugin.package_directory / "__init__.py"
    for path in added.files:
        answer(f"{'changed' if path == hooks else 'wrote'}  {path.relative_to(plugin.directory)}")
    if added.by_hand is not None:
        answer(
            f"\nRegister it in {hooks.relative_to(plugin.directory)}, which is not as `plugax new` "
            f"writes it, in the hook register_{component.kind.registered}s(register):\n\n"
            f"{added.by_hand}"
        )
    answer(f"\nNext:\n  python -m pytest\n  {component.trial}")


def brings_of(text: str) -> list[tuple[Kind, str]]:
    """`problem=valley,solver` as kinds with names.

    Errors: `PlugaxError` for an unknown kind.
    """
    brings = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        word, equals, name = part.partition("=")
        kind = kind_of(word.strip())
        if equals and not name.strip():
            raise PlugaxError(f"--brings takes KIND or KIND=NAME; got {part!r}, without a name.")
        brings.append((kind, name.strip() or kind.example))
    return brings


def _git_name() -> str | None:
    """The user's name as git knows it."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "config", "user.name"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
