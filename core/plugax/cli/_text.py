"""Plain text for standard output: columns, paragraphs, JSON."""

import json
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any


def columns(rows: Iterable[Sequence[str]], *, indent: int = 0) -> str:
    """Rows of text under one another; the last column is not padded."""
    rows = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append(" " * indent + "  ".join(cells).rstrip())
    return "\n".join(lines)


def paragraph(text: str, *, indent: int = 0) -> str:
    """Text wrapped to the terminal's width."""
    width = min(shutil.get_terminal_size().columns, 100)
    margin = " " * indent
    return textwrap.fill(text, width, initial_indent=margin, subsequent_indent=margin)


def print_json(value: Any) -> None:
    """Print one JSON document, as `json.loads` of any language reads it (no NaN)."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
