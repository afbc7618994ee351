"""A comparison as HTML."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..display import block, fold, heading, pairs, sentences, show, table

if TYPE_CHECKING:
    from ._comparison import Comparison


def comparison_html(comparison: "Comparison", cells: Sequence[Sequence[str]]) -> str:
    """The table of a comparison, what it does not show, and the options of the problem.

    Arguments:
        comparison: the comparison.
        cells: its table as text, rounded to the standard errors, the heading first.
    """
    seeds = len(comparison.seeds)
    told = f": {len(comparison.rows)} rows, {seeds} seed{'s' * (seeds != 1)} each"
    heads, *rows = cells
    columns = dict(zip(heads, zip(*rows, strict=True), strict=True)) if rows else {}
    options = comparison.provenance.get("problem", {})
    return block(
        heading(
            f"Comparison on {comparison.problem}", told, "good" if comparison.success else "bad"
        ),
        table(columns, labels=1 if comparison.over is None else 2),
        sentences(comparison.notes),
        fold("options of the problem", pairs({k: show(v) for k, v in options.items()})),
    )
