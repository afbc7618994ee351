"""Numbers and tables of a comparison as text."""

import math
from collections.abc import Sequence

DIGITS = 4  # of a number whose error is not known
MOST_DIGITS = 7  # of a number, however small its error is
ROUNDING = 1e-14  # relative, of a mean


def format_mean(mean: float, error: float) -> str:
    """A mean with its standard error, which has one digit: `0.1824 ± 0.0003`.

    Arguments:
        mean: the mean over the seeds; NaN is shown as a dash.
        error: its standard error; NaN, if it is not known, is left out.
    """
    if not math.isfinite(mean):
        return "–"
    known = math.isfinite(error)
    # Equal numbers differ from their mean by its rounding.
    error = 0.0 if known and error <= ROUNDING * abs(mean) else error
    exponent = _exponent(mean if mean or not known else error)
    plain = -4 <= exponent < 6
    scale = 1.0 if plain else 10.0**exponent
    top = exponent if plain else 0
    # As many decimals as the error has, but at least one digit of the number.
    decimals = DIGITS - 1 - top
    if known and error:
        decimals = min(-_exponent(_round(error / scale)), MOST_DIGITS - 1 - top)
    decimals = max(decimals, 0)
    text = f"{mean / scale:.{decimals}f}"
    if known:
        shown = f"{error / scale:.{decimals}f}"
        tiny = error and not float(shown)
        text += f" ± {f'{error / scale:.0e}' if tiny else shown if error else '0'}"
    return text if plain else f"({text})e{exponent:+03d}" if known else f"{text}e{exponent:+03d}"


def duration(seconds: float) -> str:
    """A time with three digits, in a suitable unit."""
    if not math.isfinite(seconds):
        return "–"
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            return f"{seconds * factor:.3g} {unit}"
    return ""


def align(rows: Sequence[Sequence[str]], *, labels: int = 1, width: int | None = None) -> str:
    """The rows as lines; the first column is aligned to the left, the others to the right.

    Arguments:
        rows: the table, the heading first.
        labels: the number of columns, from the first on, that are labels of a row.
        width: the maximum width; columns that do not fit follow below, with the labels repeated.
            None for no limit.
    """
    sizes = [2 + max(map(len, column)) for column in zip(*rows, strict=True)]
    blocks: list[list[int]] = [[]]
    for column in range(labels, len(sizes)):
        used = sum(sizes[place] for place in (*range(labels), *blocks[-1], column)) - 2
        if blocks[-1] and width is not None and used > width:
            blocks.append([])
        blocks[-1].append(column)
    return "\n\n".join(
        _block([[row[place] for place in (*range(labels), *block)] for row in rows])
        for block in blocks
    )


def _block(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_pad(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "─" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, the heading first."""
    rows = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    rule = ["---"] + ["---:"] * (len(rows[0]) - 1)
    return "".join(f"| {' | '.join(row)} |\n" for row in [rows[0], rule, *rows[1:]])


def _pad(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    cells = zip(row, widths, strict=True)
    return [c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(cells)]


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0


def _round(value: float) -> float:
    """The value rounded to one digit: 0.00097 becomes 0.001, whose exponent is different."""
    return float(f"{value:.0e}")
