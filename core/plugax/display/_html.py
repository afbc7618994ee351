"""The pieces of HTML that results and components are shown by in a notebook.

Text and lines take the colour of what surrounds them (`inherit`, `currentColor`), which JupyterLab,
VS Code and a web page set by their own theme: so all of it is legible on light and on dark, on a
page too that stays light though the reader prefers dark. Where styles are removed, as in a notebook
that is not trusted, plain HTML remains.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ._show import show

MOST_ROWS = 20
TABLE_DIGITS = 5
# Each has a contrast of at least 3 to 1 to white and to black.
COLOURS = {"good": "#2da44e", "doubtful": "#bf8700", "bad": "#d1242f"}
# The class stands twice where JupyterLab's own rules for tables would win.
STYLE = """<style>
.plugax { color: inherit; font-family: var(--jp-content-font-family, system-ui, sans-serif);
  font-size: 13px; line-height: 1.5; max-width: 70em; overflow-x: auto; }
.plugax p { margin: 2px 0; }
.plugax .plugax-head { font-size: 14px; }
.plugax .plugax-dot { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%;
  margin-right: 0.5em; }
.plugax.plugax table { border-collapse: collapse; margin: 4px 0 6px; table-layout: auto;
  font-size: inherit; color: inherit; }
.plugax.plugax :is(th, td) { padding: 1px 14px 1px 0; border: 0; max-width: none; color: inherit;
  text-align: left; vertical-align: top; white-space: normal; }
.plugax.plugax th { font-weight: 600; }
.plugax.plugax thead th { border-bottom: 1px solid currentColor; }
.plugax.plugax :is(th, td).plugax-number { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.plugax.plugax .plugax-pairs th { font-weight: 400; opacity: 0.75; white-space: nowrap; }
.plugax details { margin: 2px 0; }
.plugax summary { cursor: pointer; }
.plugax .plugax-note { opacity: 0.75; }
</style>"""


def block(*parts: str) -> str:
    """One output: its parts, which are HTML, below each other, with the style that they need."""
    return f'<div class="plugax">{STYLE}{"".join(parts)}</div>'


def heading(name: str, after: str = "", mark: str | None = None) -> str:
    """The first line: a name in bold, what follows it, and a dot before it.

    Arguments:
        name: text in bold.
        after: text after it.
        mark: `"good"`, `"doubtful"` or `"bad"`, the dot's colour; None for no dot.
    """
    dot = f'<span class="plugax-dot" style="background:{COLOURS[mark]}"></span>' if mark else ""
    return f'<p class="plugax-head">{dot}<strong>{escape(name)}</strong>{escape(after)}</p>'


def sentences(texts: Iterable[str]) -> str:
    """A paragraph for every text."""
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def pairs(rows: Mapping[str, str]) -> str:
    """Names to the left, and what belongs to them to the right; nothing if there is no row."""
    lines = (f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in rows.items())
    return f'<table class="plugax-pairs"><tbody>{"".join(lines)}</tbody></table>' if rows else ""


def table(
    columns: Mapping[str, Sequence[Any]],
    *,
    title: str = "",
    of: str = "rows",
    labels: int | None = None,
) -> str:
    """A table; of a long one the first rows, and how many are left. Nothing without columns.

    Arguments:
        columns: numbers or text by heading, of the same length.
        title: a line above the table.
        of: what the rows are called.
        labels: how many columns, from the first on, are aligned to the left and the others to the
            right; by default those that hold text.
    """
    if not columns:
        return ""
    lefts = [
        any(isinstance(value, str) for value in column) if labels is None else place < labels
        for place, column in enumerate(columns.values())
    ]
    kinds = ["" if left else ' class="plugax-number"' for left in lefts]
    heads = "".join(f"<th{k}>{escape(h)}</th>" for h, k in zip(columns, kinds, strict=True))
    rows = list(zip(*columns.values(), strict=True))
    lines = "".join(f"<tr>{_cells(row, kinds)}</tr>" for row in rows[:MOST_ROWS])
    above = f"<p>{escape(title)}</p>" if title else ""
    more = len(rows) - MOST_ROWS
    below = f'<p class="plugax-note">… and {more} more {of}</p>' if more > 0 else ""
    return f"{above}<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>{below}"


def fold(title: str, content: str) -> str:
    """HTML that is shown at a click on its title; nothing if there is no content."""
    if not content:
        return ""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def _cells(row: Sequence[Any], kinds: Sequence[str]) -> str:
    shown = (escape(show(value, TABLE_DIGITS)) for value in row)
    return "".join(f"<td{k}>{text}</td>" for text, k in zip(shown, kinds, strict=True))
