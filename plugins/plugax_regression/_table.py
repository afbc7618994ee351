"""Columns of numbers by name: from a text file with a header, or from arrays.

Errors in a cell are reported with its place, and only for columns that are used: a file may also
hold names and remarks.
"""

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from plugax import PlugaxError

from ._delimited import read_delimited
from ._masked import check_unmasked

MISSING = {"", "na", "n/a", "nan", "null", "none", ".", "?", "-"}
MOST_NAMES = 20


class Table(NamedTuple):
    """Columns, not all of which need to hold numbers.

    Attributes:
        source: the origin of the data, for messages.
        cells: the cells of each column, by name, all of one length.
        lines: the line of the file on which each row ends; None without a file.
    """

    source: str
    cells: Mapping[str, Sequence[Any] | np.ndarray]
    lines: Sequence[int] | None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.cells.values()), ()))

    def place(self, row: int) -> str:
        """The place of a row: the line of a file, or an index."""
        return f"index {row}" if self.lines is None else f"line {self.lines[row]}"

    def missing(self, name: str) -> np.ndarray:
        """Which cells of a column are missing."""
        return np.asarray([_is_missing(cell) for cell in self.cells[name]], bool)

    def column(self, name: str, rows: np.ndarray | None = None) -> np.ndarray:
        """A column's numbers.

        Arguments:
            name: the column.
            rows: true for the rows that are wanted; by default all.

        Errors: `PlugaxError` for the first cell that is missing, not a number or not finite.
        """
        places = range(self.rows) if rows is None else np.flatnonzero(rows).tolist()
        cells = [self.cells[name][row] for row in places]
        try:
            # Python reads 1_000 as a number; in a file it is more likely a name.
            if self.lines is not None and "_" in "".join(cells):
                raise ValueError
            numbers = np.asarray(list(map(float, cells)))
        except (ValueError, TypeError):
            numbers = None
        if numbers is None or not np.all(np.isfinite(numbers)):
            row, cell = next((row, c) for row, c in zip(places, cells, strict=True) if _fault(c))
            raise PlugaxError(f"{self.source}, {self.place(row)}, column {name!r}: {_fault(cell)}")
        return numbers


def table_of(data: Any) -> Table:
    """The table that a file or a mapping holds.

    Arguments:
        data: a path, or arrays of one dimension and of one length by name.

    Errors: `PlugaxError` if it is neither, or has no rows.
    """
    if isinstance(data, str | os.PathLike):
        names, columns, lines = read_delimited(data)
        return Table(os.fspath(data), dict(zip(names, columns, strict=True)), lines)
    if not hasattr(data, "keys") or not hasattr(data, "__getitem__"):
        raise PlugaxError(
            "data must be a file's path, or arrays by name such as {'x': x, 'y': y}; got an object "
            f"of type {type(data).__name__}."
        )
    for name in data.keys():  # noqa: SIM118 - or a frame
        check_unmasked(f"data[{name!r}]", data[name])
    arrays = {name: np.asarray(data[name]) for name in data.keys()}  # noqa: SIM118 - or a frame
    for name, array in arrays.items():
        if not isinstance(name, str):
            raise PlugaxError(f"data must name its columns with text; got {name!r}.")
        if array.ndim != 1:
            raise PlugaxError(
                f"data[{name!r}] must have one dimension; got the shape {array.shape}."
            )
        if array.dtype.kind in "mM":
            raise PlugaxError(
                f"data[{name!r}] holds times ({array.dtype}); convert them to numbers."
            )
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise PlugaxError(f"The columns of data must have one length; got {lengths}.")
    if not lengths or 0 in lengths.values():
        raise PlugaxError("data holds no rows.")
    return Table("data", {name: array.tolist() for name, array in arrays.items()}, None)


def unknown_column(name: str, names: Iterable[str], what: str) -> PlugaxError:
    """The error for a column that does not exist.

    Arguments:
        name: the name of this column.
        names: the names of the columns that exist.
        what: the option or term that uses the name.
    """
    names = list(names)
    folded = {known.casefold(): known for known in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    guess = f" Did you mean {' or '.join(repr(folded[match]) for match in close)}?" * bool(close)
    more = f" and {len(names) - MOST_NAMES} more" * (len(names) > MOST_NAMES)
    return PlugaxError(
        f"There is no column {name!r}, which {what} names.{guess} "
        f"The columns are {', '.join(map(repr, names[:MOST_NAMES]))}{more}."
    )


def _fault(cell: Any) -> str | None:
    """What is wrong with a cell; None if it holds a finite number."""
    if cell is None or (isinstance(cell, str) and _is_missing(cell)):
        return (
            f"the value is missing{f' ({cell!r})' if cell else ''}. Fill it in or leave the row "
            "out; what a missing value means is for you to decide."
        )
    try:
        number = float(cell)
    except (ValueError, TypeError):
        number = None
    text = cell if isinstance(cell, str) else ""
    if number is None or "_" in text:
        return f"{cell!r} is not a number." + " Write decimals with a point." * ("," in text)
    return None if np.isfinite(number) else f"{cell!r} is not finite."


def _is_missing(cell: Any) -> bool:
    """Whether a cell is empty, a word for nothing, or NaN."""
    if isinstance(cell, str):
        return cell.strip().lower() in MISSING
    return cell is None or (isinstance(cell, float) and cell != cell)
