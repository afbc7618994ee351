"""A table of a problem's answer, for people to read."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import PlugaxError


@dataclasses.dataclass(frozen=True)
class Table:
    """Columns of the same length, with headings.

    Attributes:
        columns: numbers or text by heading.
        metrics: the names of metrics that the table shows, which are then not listed again.
        title: the title above the table; empty for none.

    Errors: `PlugaxError` if there is no column, or one is longer than another.
    """

    columns: Mapping[str, Sequence[Any]]
    metrics: tuple[str, ...] = ()
    title: str = ""

    def __post_init__(self):
        """Check that the columns make up rows."""
        if not isinstance(self.columns, Mapping):
            raise PlugaxError(
                "A table's columns are given by their headings, Table({'a': [1.0, 2.0]}, "
                f"title='…'); got {self.columns!r}."
            )
        lengths = {head: len(column) for head, column in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise PlugaxError(f"A table's columns must have the same length; got {lengths}.")
