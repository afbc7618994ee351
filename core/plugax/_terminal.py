"""Text wrapped to the width of the terminal."""

import os
import shutil
import sys
import textwrap

WIDEST = 100  # longer lines are hard to read
LEAST = 24  # the least width of the last column of a table


def width() -> int | None:
    """The width of the terminal, or `COLUMNS`; None if the output is not a terminal."""
    if os.environ.get("COLUMNS") or (sys.__stdout__ and sys.__stdout__.isatty()):
        return shutil.get_terminal_size().columns
    return None


def paragraph(text: str, *, indent: int = 0, hanging: int = 0) -> str:
    """Text wrapped to the terminal's width.

    Arguments:
        text: one paragraph.
        indent: spaces before every line.
        hanging: further spaces before every line except the first.
    """
    margin = " " * indent
    return textwrap.fill(
        text,
        min(width() or 80, WIDEST),
        initial_indent=margin,
        subsequent_indent=margin + " " * hanging,
        break_on_hyphens=False,
    )
