"""From the columns of a table to the inputs of a network.

A column of numbers is one input. A column of categories is an input for each category, 1 for the
one that the cell names and 0 for the others. What is done about missing cells is `missing`:

- `refuse`: they are errors;
- `median`: a missing number is the median of the training part, a missing category its most
  frequent one;
- `indicator`: the same, and one more input, which is 1 if the cell was missing.
"""

import collections
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from plugax import PlugaxError
from plugax_regression import Table, unknown_column

Missing = Literal["refuse", "median", "indicator"]
MOST_CATEGORIES = 100


class Column(NamedTuple):
    """A column as inputs.

    Attributes:
        name: its name.
        categories: its categories; None for numbers.
        fill: the number, or the place of the category, in place of a missing one; None to refuse.
        indicated: whether an input says that the cell was missing.
    """

    name: str
    categories: tuple[str, ...] | None
    fill: float | None
    indicated: bool

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of its inputs."""
        own = (self.name,)
        if self.categories is not None:
            own = tuple(f"{self.name}={category}" for category in self.categories)
        return own + (f"{self.name} missing",) * self.indicated

    def of(self, table: Table) -> Float[np.ndarray, "rows inputs"]:
        """The inputs for every row.

        Errors: `PlugaxError` if the table lacks the column, and for the first cell that is missing
        and refused, not a finite number, or a category that was not there before.
        """
        if self.name not in table.cells:
            raise unknown_column(self.name, table.cells, "the model")
        gaps = table.missing(self.name)
        if gaps.any() and self.fill is None:
            raise _missing(table, self.name, gaps)
        if self.categories is None:
            numbers = np.full(table.rows, self.fill, float)
            numbers[~gaps] = table.column(self.name, ~gaps)
            found = numbers[:, None]
        else:
            place = np.full(table.rows, 0 if self.fill is None else int(self.fill))
            known = {category: at for at, category in enumerate(self.categories)}
            for row in np.flatnonzero(~gaps).tolist():
                text = text_of(table.cells[self.name][row])
                if text not in known:
                    raise PlugaxError(
                        f"{table.source}, {table.place(row)}, column {self.name!r}: {text!r} "
                        f"is not among the categories the model knows, {_some(self.categories)}."
                    )
                place[row] = known[text]
            found = np.eye(len(self.categories))[place]
        return np.concatenate([found, gaps[:, None]], axis=1) if self.indicated else found


def columns_of(
    table: Table,
    names: Sequence[str],
    categories: Sequence[str],
    missing: Missing,
    training: Int[np.ndarray, " rows"],
) -> tuple[Column, ...]:
    """How each column becomes inputs.

    Arguments:
        table: the table.
        names: the columns that explain.
        categories: the columns of categories, those of text aside.
        missing: what is done about missing cells.
        training: the rows that medians and frequencies are of.

    Errors: `PlugaxError` for a column that does not exist or cannot be used.
    """
    for name in categories:
        if name not in names:
            raise unknown_column(name, names, "categories")
    return tuple(_column(table, name, name in categories, missing, training) for name in names)


def inputs_of(columns: Sequence[Column], table: Table) -> Float[np.ndarray, "rows inputs"]:
    """The inputs of all columns side by side, not scaled."""
    return np.concatenate([column.of(table) for column in columns], axis=1)


def text_of(cell: Any) -> str:
    """A cell as the name of a category."""
    return cell.strip() if isinstance(cell, str) else str(cell)


def _column(
    table: Table, name: str, chosen: bool, missing: Missing, training: Int[np.ndarray, " rows"]
) -> Column:
    if name not in table.cells:
        raise unknown_column(name, table.cells, "columns")
    gaps = table.missing(name)
    if gaps.any() and missing == "refuse":
        raise _missing(table, name, gaps)
    learned = training[~gaps[training]]
    if not len(learned):
        raise PlugaxError(
            f"{table.source}, column {name!r} has no value in the training part; leave it out."
        )
    indicated = missing == "indicator" and bool(gaps.any())
    if not chosen and _holds_numbers(table, name, gaps):
        values = table.column(name, ~gaps)
        at = np.cumsum(~gaps) - 1  # the place of each row among those that are there
        fill = None if missing == "refuse" else float(np.median(values[at[learned]]))
        return Column(name, None, fill, indicated)
    texts = [text_of(cell) for cell in table.cells[name]]
    known = sorted({text for text, gap in zip(texts, gaps, strict=True) if not gap})
    if len(known) > MOST_CATEGORIES:
        raise PlugaxError(
            f"{table.source}, column {name!r} holds {len(known)} different texts in {table.rows} "
            f"rows, such as {known[0]!r}; at most {MOST_CATEGORIES} categories are learned from. "
            "Name the columns to learn from without it: columns=(…)."
        )
    most = collections.Counter(texts[row] for row in learned.tolist()).most_common(1)[0][0]
    fill = None if missing == "refuse" else float(known.index(most))
    return Column(name, tuple(known), fill, indicated)


def _holds_numbers(table: Table, name: str, gaps: np.ndarray) -> bool:
    """Whether a column holds numbers; half of them and some text is an error."""
    cells = table.cells[name]
    odd = [row for row in np.flatnonzero(~gaps).tolist() if not _is_number(cells[row])]
    there = int((~gaps).sum())
    if odd and 2 * len(odd) < there:
        raise PlugaxError(
            f"{table.source}, {table.place(odd[0])}, column {name!r}: "
            f"{text_of(cells[odd[0]])!r} is not a number, as most of the column are. Correct it, "
            f"or name the column in categories if its numbers stand for categories."
        )
    return not odd


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return not (isinstance(cell, str) and "_" in cell)


def _missing(table: Table, name: str, gaps: np.ndarray) -> PlugaxError:
    return PlugaxError(
        f"{table.source}, {table.place(int(np.argmax(gaps)))}, column {name!r}: the value is "
        f"missing, the first of {int(gaps.sum())}. Fill it in or leave the row out; or train with "
        "missing='median', which puts in the median of the training part, or missing='indicator', "
        "which also tells the model (on the command line --missing)."
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" * (len(names) > 10)
    return ", ".join(map(repr, names[:10])) + more
