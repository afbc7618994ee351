"""From a table to sequences: one row for each step, or one row with a text for each example."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from plugax import PlugaxError
from plugax_regression import Table, unknown_column

from ._alphabet import composed


class Steps(NamedTuple):
    """Sequences whose steps are rows of a table.

    Attributes:
        names: the cell that names each sequence, in the order of their first rows.
        values: the features of each sequence, one array after the other.
        rows: the rows of each.
    """

    names: tuple[str, ...]
    values: list[Float[np.ndarray, "_ features"]]
    rows: list[list[int]]


def steps_of(table: Table, sequence: str, columns: Sequence[str]) -> Steps:
    """The sequences of a table, their steps in the order of its rows.

    Arguments:
        table: one row for each step.
        sequence: the column that names the sequence of a row.
        columns: the features.

    Errors: `PlugaxError` for a column that lacks, and for a cell that is missing, or no number.
    """
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(_texts(table, sequence, "sequence")):
        rows.setdefault(name, []).append(row)
    for name in columns:
        if name not in table.cells:
            raise unknown_column(name, table.cells, "columns")
    values = np.stack([table.column(name) for name in columns], axis=1)
    return Steps(tuple(rows), [values[own] for own in rows.values()], list(rows.values()))


def one_row_each(table: Table, steps: Steps, column: str) -> Table:
    """A column that has one value for each sequence, as a table with a row for each.

    Errors: `PlugaxError` if it does not exist, or has two values in one sequence.
    """
    if column not in table.cells:
        raise unknown_column(column, table.cells, "response")
    cells = table.cells[column]
    for name, (first, *others) in zip(steps.names, steps.rows, strict=True):
        other = next((row for row in others if cells[row] != cells[first]), None)
        if other is not None:
            raise PlugaxError(
                f"{table.source}, {table.place(other)}, column {column!r}: {cells[other]!r}, but "
                f"{cells[first]!r} at {table.place(first)} of the same sequence, {name!r}. A "
                "sequence has one class; name another column in sequence if these are two."
            )
    firsts = [rows[0] for rows in steps.rows]
    lines = None if table.lines is None else [table.lines[row] for row in firsts]
    return Table(table.source, {column: [cells[row] for row in firsts]}, lines)


def texts_of(table: Table, column: str) -> list[str]:
    """The text of every row.

    Errors: `PlugaxError` if the column does not exist, or for a row without a text.
    """
    texts = [composed(text) for text in _texts(table, column, "text")]
    if "" in texts:
        raise _missing(table, column, texts.index(""))
    return texts


def _texts(table: Table, column: str, option: str) -> list[str]:
    """The cells of a column as texts; words that stand for a missing number are texts too."""
    if column not in table.cells:
        raise unknown_column(column, table.cells, option)
    cells = table.cells[column]
    for row, cell in enumerate(cells):
        if cell is None or cell != cell or not str(cell).strip():
            raise _missing(table, column, row)
    return [str(cell).strip() for cell in cells]


def _missing(table: Table, column: str, row: int) -> PlugaxError:
    return PlugaxError(
        f"{table.source}, {table.place(row)}, column {column!r} is empty; fill it in or leave the "
        "row out."
    )
