"""`plugax report`: saved runs as one HTML file."""

import argparse
import os

from ._environment import prepare
from ._exit import SUCCESS
from ._imported import add_current_directory
from ._parser import Parser
from ._signals import restore_signals
from ._text import answer
from ._verbosity import tell


def main(argv: list[str]) -> int:
    """Write the report, and print its path."""
    parser = Parser(
        prog="plugax report",
        description="Write saved runs as one HTML file to read and to hand round: how they went, "
        "metrics, tables, figures, curves, options, and how they are repeated. It needs no network "
        "and no server. Several runs also stand side by side.",
    )
    add = parser.add_argument
    paths_help = "a saved run, a directory with runs below it, or a comparison (compare --out)"
    add("paths", nargs="+", metavar="DIR|FILE.json", help=paths_help)
    add("--out", default="report.html", metavar="FILE", help="default: report.html")
    add("--force", action="store_true", help="overwrite the file that --out names")
    add("--title", metavar="TEXT", help="the title of the page; default: what was solved")
    figures_help = "make the figures and tables of the problems, which needs their plugins; "
    figures_help += "default: of up to 12 runs"
    add("--figures", action=argparse.BooleanOptionalAction, help=figures_help)
    arguments = parser.parse_args(argv)
    prepare()
    add_current_directory()
    # Only files, without a window or a display. Must be set before Matplotlib is imported.
    os.environ.setdefault("MPLBACKEND", "agg")
    from ..report import write_report

    restore_signals()
    path = write_report(
        arguments.paths,
        arguments.out,
        title=arguments.title,
        figures=arguments.figures,
        force=arguments.force,
    )
    tell("size", f"{path.stat().st_size} bytes")
    answer(path)
    return SUCCESS
