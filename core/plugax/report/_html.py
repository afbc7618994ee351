"""The few pieces of HTML that the report is made of. All text is escaped here."""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

NOT_FINITE = "not finite"
MOST_INLINE = 8  # numbers of a list that are shown without unfolding it
MOST_UNFOLDED = 1000


class Markup(str):
    """HTML that is escaped already."""


def text(value: Any) -> str:
    """A value as escaped text; markup as it is."""
    return value if isinstance(value, Markup) else html.escape(str(value))


def show(value: Any) -> str:
    """A value as people read it: six digits, and words for what is no number."""
    if value is None:
        return NOT_FINITE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) or math.isinf(value) else NOT_FINITE
    return str(value)


def option(value: Any) -> str:
    """An option as text, lists with commas."""
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(option, value))
    return show(value)


def metric(value: Any) -> Markup:
    """A metric; a long list is cut to its size, and can be unfolded."""
    if isinstance(value, Mapping):
        return Markup("<br>".join(f"{text(name)}: {metric(one)}" for name, one in value.items()))
    if not isinstance(value, list | tuple):
        return Markup(text(show(value)))
    size, lines = _size(value), _lines(value)
    if len(size) == 1 and size[0] <= MOST_INLINE:
        return Markup(text(lines[0] if lines else "none"))
    said = f"{' × '.join(map(str, size))} values"
    body = "\n".join(lines)
    return folded(said, Markup(f"<pre>{text(body)}</pre>"))


def _size(value: Any) -> list[int]:
    sizes = []
    while isinstance(value, list | tuple):
        sizes.append(len(value))
        value = value[0] if value else None
    return sizes


def _lines(value: Sequence[Any]) -> list[str]:
    """A list on one line, a list of lists on several; no more than a reader wants."""
    if value and isinstance(value[0], list | tuple):
        lines = [line for row in value[:MOST_UNFOLDED] for line in _lines(row)]
        return [*lines[:MOST_UNFOLDED], *(["…"] if len(lines) > MOST_UNFOLDED else [])]
    cut = ["…"] if len(value) > MOST_UNFOLDED else []
    return ["  ".join([*map(show, value[:MOST_UNFOLDED]), *cut])] if value else []


def element(tag: str, content: Any, **attributes: Any) -> Markup:
    """An element; an underscore at the end of an attribute's name is dropped (`class_`)."""
    given = "".join(f' {name.rstrip("_")}="{text(v)}"' for name, v in attributes.items())
    return Markup(f"<{tag}{given}>{text(content)}</{tag}>")


def join(parts: Iterable[str]) -> Markup:
    """Pieces of HTML one after the other."""
    return Markup("\n".join(map(text, parts)))


def folded(summary: Any, body: Any, *, is_open: bool = False) -> Markup:
    """What is shown when the reader unfolds it."""
    state = " open" if is_open else ""
    return Markup(f"<details{state}><summary>{text(summary)}</summary>{text(body)}</details>")


def facts(rows: Mapping[str, Any]) -> Markup:
    """Names with what is known of each."""
    inner = "".join(f"<div><dt>{text(n)}</dt><dd>{text(v)}</dd></div>" for n, v in rows.items())
    return Markup(f"<dl>{inner}</dl>") if rows else Markup()


def table(columns: Mapping[str, Sequence[Any]], title: str = "") -> Markup:
    """A table that the reader can sort, and leaf through if it is long.

    The end tags that HTML allows to leave out are left out: thousands of rows stay small.
    """
    if not columns:
        return Markup()
    cells = [[_cell(value) for value in column] for column in columns.values()]
    worded = [any(isinstance(v, str) and v for v in column) for column in columns.values()]
    head = "".join(
        f"<th scope=col{' class=t' * words}>{_breakable(name)}"
        for name, words in zip(columns, worded, strict=True)
    )
    body = "\n".join(f"<tr>{''.join(row)}" for row in zip(*cells, strict=True))
    caption = f"<caption>{text(title)}</caption>" if title else ""
    label = text(title or "table")
    return Markup(
        f'<div class="table"><div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        f'<table style="--columns:{len(columns)}">{caption}<thead><tr>{head}'
        f"<tbody>\n{body}</table></div></div>"
    )


def _breakable(name: str) -> str:
    """A heading that may be broken between its words, which only paper needs."""
    return text(name).replace("_", "_<wbr>").replace(".", ".<wbr>")


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f"<td class=t>{text(value)}"
    return f"<td>{text(show(value))}"
