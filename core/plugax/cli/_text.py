"""Plain text for standard output: columns, paragraphs, JSON."""

import contextlib
import contextvars
import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .._terminal import LEAST, paragraph, width

_stream: contextvars.ContextVar[Any] = contextvars.ContextVar("answers", default=None)


@contextlib.contextmanager
def answers_apart() -> Iterator[None]:
    """Keep standard output for answers: all other prints go to standard error.

    Plugins may print when they are imported, made or run, but other programs read the answers.
    """
    token = _stream.set(sys.stdout)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _stream.reset(token)


@contextlib.contextmanager
def answers_to(stream: Any) -> Iterator[None]:
    """Send all answers to another stream."""
    token = _stream.set(stream)
    try:
        yield
    finally:
        _stream.reset(token)


def answers() -> Any:
    """The stream for answers."""
    return _stream.get() or sys.stdout


def answer(text: object, *, end: str = "\n") -> None:
    """Print an answer."""
    print(text, end=end, file=answers(), flush=True)


def columns(rows: Iterable[Sequence[str]], *, indent: int = 0) -> str:
    """Rows of text as lines; the last column is not padded, but wrapped if necessary.

    If the other columns leave too little room for it, every row takes several lines.
    """
    rows = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_row(row, widths, indent) for row in rows]
    limit = width()
    if limit is None or max(map(len, lines)) <= limit:
        return "\n".join(lines)
    room = limit - indent - sum(w + 2 for w in widths[:-1])
    if room < LEAST:
        return "\n".join(_stack(row, indent, limit) for row in rows)
    return "\n".join(
        _row([*(row[:-1] if first else [""] * (len(row) - 1)), part], widths, indent)
        for row in rows
        for first, part in zip(
            [True, *[False] * len(row[-1])],
            textwrap.wrap(row[-1], room, break_on_hyphens=False) or [""],
            strict=False,
        )
    )


def _row(row: Sequence[str], widths: Sequence[int], indent: int) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
    return " " * indent + "  ".join(cells).rstrip()


def _stack(row: Sequence[str], indent: int, limit: int) -> str:
    """The last cell below the others, and these below each other too if necessary."""
    head, *rest = [cell for cell in row if cell]
    while len(rest) > 1 and indent + len(head) + 2 + len(rest[0]) <= limit:
        head = f"{head}  {rest.pop(0)}"
    below = [paragraph(cell, indent=indent + 4, hanging=2) for cell in rest]
    return "\n".join([" " * indent + head, *below])


def document(text: str) -> str:
    """A docstring; paragraphs that are wider than the terminal are wrapped again."""
    limit = width()
    if limit is None:
        return text
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if not blocks or not _goes_on(blocks[-1][-1], line):
            blocks.append([])
        blocks[-1].append(line)
    return "\n".join(
        "\n".join(block)
        if max(map(len, block)) <= limit
        else paragraph(
            " ".join(line.strip() for line in block),
            indent=_indent(block[0]),
            hanging=_indent(block[-1]) - _indent(block[0]),
        )
        for block in blocks
    )


def _goes_on(before: str, line: str) -> bool:
    """Whether a line continues the paragraph of the line before."""
    if not before.strip() or not line.strip() or line.lstrip()[0] in "|*-•":
        return False
    item = before.lstrip()[0] in "*-•" and _indent(line) == _indent(before) + 2
    return item or _indent(line) == _indent(before)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def print_json(value: Any) -> None:
    """Print one JSON document that any JSON parser can read (without NaN)."""
    answer(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
