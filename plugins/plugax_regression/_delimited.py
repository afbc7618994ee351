"""Text files of columns with a header: comma, semicolon, tab or blanks between the cells.

The separator is the one that occurs most often in the header, or blanks if there is no other. Cells
may be quoted with `"`. Lines that begin with `#` and empty lines are left out, and so is a byte
order mark. All cells stay text here.
"""

import csv
import os
import pathlib
from collections.abc import Iterator

from plugax import PlugaxError

SEPARATORS = (",", ";", "\t")


def read_delimited(path: str | os.PathLike) -> tuple[list[str], list[list[str]], list[int]]:
    """The names in the header, the cells of each column, and the line that each row ends on.

    Errors: `PlugaxError` if the file cannot be read, is not text, has no header or no rows, or
    a row has more or fewer cells than the header.
    """
    lines = _lines(path)
    separator = _separator(next((line for _, line in _cell_lines(lines)), ""))
    rows, ends = _rows(path, lines, separator)
    if not rows:
        raise PlugaxError(f"{path} is empty: expected a line of column names, then rows.")
    names = [name.strip() for name in rows[0]]
    _check_names(path, names, ends[0])
    rows, ends = rows[1:], ends[1:]
    if not rows:
        raise PlugaxError(f"{path} has a header, but no rows below it.")
    for row, end in zip(rows, ends, strict=True):
        if len(row) != len(names):
            raise PlugaxError(
                f"{path}, line {end}: expected {len(names)} cells, as in the header, separated by "
                f"{_separator_name(separator)}; got {len(row)}."
            )
    return names, [list(column) for column in zip(*rows, strict=True)], ends


def _lines(path: str | os.PathLike) -> list[str]:
    try:
        content = pathlib.Path(path).expanduser().read_bytes()
    except FileNotFoundError as error:
        raise PlugaxError(
            f"There is no file {path}; looked for it in {pathlib.Path.cwd()}."
        ) from error
    except OSError as error:
        raise PlugaxError(f"The file {path} cannot be read: {error.strerror}.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = content[: error.start].count(b"\n") + 1, content[error.start]
        raise PlugaxError(
            f"{path}, line {line}: expected text in UTF-8; got the byte 0x{byte:02x}. Save the "
            "file as CSV in UTF-8."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cell_lines(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The lines that hold cells, with their numbers."""
    for number, line in enumerate(lines, 1):
        stripped = line.strip(" ")
        if stripped.strip() and not stripped.startswith("#"):
            yield number, stripped


def _separator(header: str) -> str:
    """The separator of the cells of a header; separators in quotes are part of a name."""
    bare = "".join(header.split('"')[::2])
    most = max(SEPARATORS, key=bare.count)
    if bare.count(most):
        return most
    return " " if " " in bare else ","


def _separator_name(separator: str) -> str:
    return {",": "commas", ";": "semicolons", "\t": "tabs", " ": "blanks"}[separator]


def _rows(
    path: str | os.PathLike, lines: list[str], separator: str
) -> tuple[list[list[str]], list[int]]:
    """All rows, the header first, and the lines they end on."""
    seen = 0

    def number_lines() -> Iterator[str]:
        nonlocal seen
        for number, line in _cell_lines(lines):
            seen = number
            yield line + "\n"

    rows, ends = [], []
    reader = csv.reader(number_lines(), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for row in reader:
            rows.append(row)
            ends.append(seen)
    except csv.Error as error:
        raise PlugaxError(f"{path}, line {seen}: not a row of cells, {error}.") from error
    return rows, ends


def _check_names(path: str | os.PathLike, names: list[str], line: int) -> None:
    if all(map(_is_number, names)):
        raise PlugaxError(
            f"{path}, line {line}: expected column names; got the numbers {', '.join(names[:5])}. "
            "Write a header above the rows."
        )
    for name in names:
        if names.count(name) > 1:
            raise PlugaxError(
                f"{path}, line {line}: {names.count(name)} columns are called {name!r}; give each "
                "a name of its own."
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
