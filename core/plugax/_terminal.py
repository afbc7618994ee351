"""Text as wide as whoever reads it can see."""

import os
import shutil
import sys
import textwrap

WIDEST = 100  # longer lines are hard to follow
LEAST = 24  # of the last column of a table, beside the others


def width() -> int | None:
    """The columns of the terminal, or `COLUMNS`; None if a program reads, line by line."""
    if os.environ.get("COLUMNS") or (sys.__stdout__ and sys.__stdout__.isatty()):
        return shutil.get_terminal_size().columns
    return None


def paragraph(text: str, *, indent: int = 0, hanging: int = 0) -> str:
    """Text wrapped to the terminal's width.

    Arguments:
        text: one paragraph.
        indent: spaces before every line.
        hanging: more of them before every line but the first.
    """
    margin = " " * indent
    return textwrap.fill(
        text,
        min(width() or 80, WIDEST),
        initial_indent=margin,
        subsequent_indent=margin + " " * hanging,
        break_on_hyphens=False,
    )
