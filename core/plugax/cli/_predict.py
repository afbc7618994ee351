"""`plugax predict`: what a saved run predicts for the rows of a table, as CSV."""

import csv
import io
import pathlib
from collections.abc import Mapping
from typing import Any

from ..errors import PlugaxError
from ._environment import prepare
from ._exit import SUCCESS
from ._parser import Parser
from ._precision import precision
from ._saved import add_own_flags, own_components, saved_precision
from ._signals import restore_signals
from ._text import answer


def main(argv: list[str]) -> int:
    """Predict; print the table, or write it and print its path."""
    parser = Parser(
        prog="plugax predict",
        description="What a saved run predicts for every row of a table, as CSV. The problem has "
        "to be one that reads tables.",
    )
    add = parser.add_argument
    add("directory", metavar="DIR", help="the directory that was --out of the run")
    columns_help = "the columns that the run learned from; others are ignored"
    add("--data", required=True, metavar="FILE", help=columns_help)
    add("--out", metavar="FILE", help="default: print the table")
    add("--force", action="store_true", help="overwrite the file that --out names")
    add_own_flags(parser)
    arguments = parser.parse_args(argv)
    out = None if arguments.out is None else pathlib.Path(arguments.out)
    if out is not None:
        _check_free(out, force=arguments.force)
    prepare()
    import plugax

    with precision(saved_precision(arguments.directory)):
        found = plugax.load(arguments.directory, **own_components(arguments))
        if not isinstance(found, plugax.Solution):
            raise PlugaxError(
                f"{arguments.directory} holds a population, whose members predict differently. "
                "Choose one in Python: plugax.load(path).best().predict_table(data)."
            )
        text = _as_csv(found.predict_table(arguments.data))
    restore_signals()
    if out is None:
        answer(text, end="")
        return SUCCESS
    from ..solution import replace_file

    with replace_file(out) as file:
        file.write(text.encode())
    answer(out)
    return SUCCESS


def _check_free(path: pathlib.Path, *, force: bool) -> None:
    """Raise if a file cannot be written here."""
    if path.exists() and not force:
        raise PlugaxError(f"{path} exists; --force overwrites it.")
    if not path.absolute().parent.is_dir():
        raise PlugaxError(f"There is no directory {path.absolute().parent} for --out {path}.")


def _as_csv(columns: Mapping[str, Any]) -> str:
    """Columns as lines of cells, numbers with all their digits."""
    import numpy as np

    arrays = [np.asarray(column).tolist() for column in columns.values()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*arrays, strict=True))
    return text.getvalue()
