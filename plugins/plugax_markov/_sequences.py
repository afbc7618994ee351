"""From a table to sequences: the rows of each, side by side, up to the length of the longest.

What is missing is NaN here, and so are the rows after the end of a shorter sequence.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from plugax import PlugaxError
from plugax_regression import Table, table_of, unknown_column


class Sequences(NamedTuple):
    """Sequences of numbers.

    Attributes:
        table: where they come from.
        columns: the names of the columns.
        names: the names of the sequences; one empty name if there is only one.
        rows: the row of the table of every time; −1 after the end.
        categories: for every column its categories in order, if values are categories; then values
            are their numbers.
        values: the values; NaN if missing.
    """

    table: Table
    columns: tuple[str, ...]
    names: tuple[str, ...]
    rows: Int[np.ndarray, "sequences times"]
    categories: tuple[tuple[Any, ...], ...]
    values: Float[np.ndarray, "sequences times columns"]

    @property
    def within(self) -> Bool[np.ndarray, "sequences times"]:
        """Which times are before the end of their sequence."""
        return self.rows >= 0


def sequences_of(
    data: Any,
    columns: Sequence[str] | None,
    sequence: str | None,
    *,
    categorical: bool,
    categories: tuple[tuple[Any, ...], ...] | None = None,
) -> Sequences:
    """The sequences of a file or of arrays by name.

    Arguments:
        data: a file of columns with a header, or arrays by name.
        columns: the columns to take; by default all others.
        sequence: the column that names the sequence of each row; None for one sequence.
        categorical: whether the values are categories.
        categories: those that are known already; None to find them.

    Errors: `PlugaxError` for a column that does not exist or has no values, and for a cell that is
    no number.
    """
    table = table_of(data)
    if sequence is not None and sequence not in table.cells:
        raise unknown_column(sequence, table.cells, "sequence")
    chosen = tuple(name for name in table.cells if name != sequence) if columns is None else columns
    if not chosen:
        raise PlugaxError(f"{table.source} has no columns to learn from; name some in columns.")
    for name in chosen:
        if name not in table.cells:
            raise unknown_column(name, table.cells, "columns")
    if len(set(chosen)) < len(chosen):
        raise PlugaxError(f"columns names a column twice: {', '.join(chosen)}.")
    names, rows = _rows(table, sequence)
    known: list[tuple[Any, ...]] = []
    flat = np.full((table.rows, len(chosen)), np.nan)
    for place, name in enumerate(chosen):
        there = ~table.missing(name)
        if not there.any():
            raise PlugaxError(f"{table.source}: the column {name!r} has no values.")
        if categorical:
            own = None if categories is None else categories[place]
            own, flat[there, place] = _codes(table, name, np.flatnonzero(there), own)
            known.append(own)
        else:
            flat[there, place] = table.column(name, there)
    values = np.where(rows[..., None] >= 0, flat[rows], np.nan)
    return Sequences(table, tuple(chosen), names, rows, tuple(known), values)


def _rows(table: Table, sequence: str | None) -> tuple[tuple[str, ...], Int[np.ndarray, "n t"]]:
    if sequence is None:
        return ("",), np.arange(table.rows)[None]
    own: dict[str, list[int]] = {}
    gaps = table.missing(sequence)
    for row, cell in enumerate(table.cells[sequence]):
        if gaps[row]:
            raise PlugaxError(
                f"{table.source}, {table.place(row)}, column {sequence!r} is empty: every row "
                "needs the name of its sequence."
            )
        own.setdefault(str(cell).strip(), []).append(row)
    rows = np.full((len(own), max(map(len, own.values()))), -1)
    for place, places in enumerate(own.values()):
        rows[place, : len(places)] = places
    return tuple(own), rows


def _codes(
    table: Table, name: str, rows: Int[np.ndarray, " n"], known: tuple[Any, ...] | None
) -> tuple[tuple[Any, ...], list[int]]:
    """The categories of a column, and the number of each row's."""
    cells = [_category(table.cells[name][row]) for row in rows]
    if known is None:
        try:  # numbers in their order, although cells of a file are texts
            known = tuple(sorted(set(cells), key=float))
        except (TypeError, ValueError):
            known = tuple(sorted(set(cells), key=str))
    codes = {category: code for code, category in enumerate(known)}
    for row, cell in zip(rows, cells, strict=True):
        if cell not in codes:
            raise PlugaxError(
                f"{table.source}, {table.place(int(row))}, column {name!r}: {cell!r} is a category "
                f"that the model has not seen; it knows {', '.join(map(repr, known[:10]))}."
            )
    return known, [codes[cell] for cell in cells]


def _category(cell: Any) -> str:
    """A cell as text; 2.0 is the category 2."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
