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
    """Write one figure or animation under a temporary name, then rename it."""
    from matplotlib.animation import Animation

    from ..solution import remember_drawn

    animated = isinstance(figure, Animation)
    path = directory / f"{name}.{'gif' if animated else 'png'}"
    temporary = directory / f".{path.name}{path.suffix}"
    try:
        if animated:
            figure.save(temporary, writer="pillow")
        else:
            figure.savefig(temporary, dpi=150)
        os.replace(temporary, path)
        remember_drawn(directory, path.name)
    finally:
        temporary.unlink(missing_ok=True)
    return path
