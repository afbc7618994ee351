"""`plugax plot`: the figures of a saved run, as files."""

import os
import pathlib
import sys
from typing import Any

from ._environment import prepare
from ._exit import SUCCESS
from ._parser import Parser
from ._precision import precision
from ._saved import add_own_flags, own_components, saved_precision
from ._signals import restore_signals
from ._text import answer


def main(argv: list[str]) -> int:
    """Draw, and print the paths."""
    parser = Parser(
        prog="plugax plot",
        description="Draw the figures of a saved run: PNG, and GIF for animations, in DIR/figures.",
    )
    parser.add_argument("directory", metavar="DIR", help="the directory that was --out of the run")
    add_own_flags(parser)
    arguments = parser.parse_args(argv)
    directory = arguments.directory
    prepare()
    # Only files, without a window or a display. Must be set before Matplotlib is imported.
    os.environ.setdefault("MPLBACKEND", "agg")
    from ..runner import figures_of

    with precision(saved_precision(directory)):
        figures = figures_of(directory, **own_components(arguments))
        if not figures:
            print("plugax: there is nothing to draw: no metric is a number", file=sys.stderr)
            return SUCCESS
        restore_signals()
        target = pathlib.Path(directory) / "figures"
        target.mkdir(exist_ok=True)
        for name, figure in figures.items():
            answer(_write(target, name, figure))
    return SUCCESS


def _write(directory: pathlib.Path, name: str, figure: Any) -> pathlib.Path:
    """Write one figure or animation."""
    from ..display import picture_of
    from ..solution import remember_drawn, replace_file

    content, kind = picture_of(figure, dots=150)
    path = directory / f"{name}.{kind}"
    with replace_file(path) as file:
        file.write(content)
    remember_drawn(directory, path.name)
    return path
