"""`plugax completion`: the script that a shell needs to complete command lines with <TAB>."""

import os
import pathlib

from ._exit import SUCCESS
from ._parser import Parser
from ._text import answer

SHELLS = ("bash", "zsh", "fish")


def main(argv: list[str]) -> int:
    """Print the script."""
    parser = Parser(
        prog="plugax completion",
        description="Print a script for the shell. With one line in its start file, <TAB> "
        "completes commands, names of components, their options and the values of these.",
        epilog='  ~/.bashrc                   eval "$(plugax completion bash)"\n'
        '  ~/.zshrc                    eval "$(plugax completion zsh)"\n'
        "  ~/.config/fish/config.fish  plugax completion fish | source",
    )
    parser.add_argument(
        "shell", nargs="?", choices=SHELLS, metavar="SHELL", help=" or ".join(SHELLS)
    )
    parser.add_argument(
        "--refresh",
        action="store_true",
        help="learn the options of all components again; that is done in the background by itself "
        "when something is installed or changed",
    )
    arguments = parser.parse_args(argv)
    if arguments.refresh:
        _refresh()
    elif arguments.shell is None:
        parser.error(f"expected {'|'.join(SHELLS)}")
    else:
        folder = pathlib.Path(__file__).parent / "completion"
        answer((folder / f"plugax.{arguments.shell}").read_text(), end="")
    return SUCCESS


def _refresh() -> None:
    from ._environment import prepare
    from .completion._gather import everything
    from .completion._known import file, write

    if hasattr(os, "nice"):
        os.nice(5)  # whoever types comes first
    prepare("cpu")
    write(file(), everything())
