"""Values and tables of a run's report, formatted for people."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._text import columns

if TYPE_CHECKING:
    from ..solution import Table

LONGEST_LIST = 6
INDENT, GAP = 2, 2
TABLE_DIGITS = 5


def table_text(table: "Table", width: int) -> str:
    """A table with its columns side by side, numbers aligned to the right.

    If the columns do not fit, the remaining ones follow below, with the first column repeated.

    Arguments:
        table: the table.
        width: the number of characters per line.
    """
    first, *others = [_pad(head, column) for head, column in table.columns.items()]
    blocks = [[first]]
    for column in others:
        taken = INDENT + sum(len(cells[0]) + GAP for cells in blocks[-1])
        if len(blocks[-1]) > 1 and taken + len(column[0]) > width:
            blocks.append([first])
        blocks[-1].append(column)
    text = "\n\n".join(columns(zip(*block, strict=True), indent=INDENT) for block in blocks)
    return f"{table.title}\n{text}" if table.title else text


def _pad(head: str, column: Sequence[Any]) -> list[str]:
    """The cells of a column, padded to the same width, the heading first."""
    cells = [head, *(show_metric(value, TABLE_DIGITS) for value in column)]
    width = max(map(len, cells))
    is_text = any(isinstance(value, str) for value in column)
    return [cell.ljust(width) if is_text else cell.rjust(width) for cell in cells]


def show_metric(value: Any, digits: int = 6) -> str:
    """A metric as text: six digits; long lists are cut, nested lists given by their size."""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple):
        sizes = []
        while isinstance(value, list | tuple):
            sizes.append(str(len(value)))
            value = value[0] if value else None
        return f"{' × '.join(sizes)} numbers, with --json or in solution.json"
    if isinstance(value, list | tuple):
        ellipsis = [f"… ({len(value)} in all)"] if len(value) > LONGEST_LIST else []
        return "  ".join([show_metric(item) for item in value[:LONGEST_LIST]] + ellipsis)
    if isinstance(value, Mapping):
        return "  ".join(f"{key} {show_metric(item)}" for key, item in value.items())
    return str(value)
