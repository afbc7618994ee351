"""The confusion matrix: which class was taken for which."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RIGHT, MISTAKES = "#f2f2f2", "Oranges"
MOST_NUMBERS = 20  # classes; the counts of more could not be read


def draw_confusion(
    true: Int[np.ndarray, " examples"],
    found: Int[np.ndarray, " examples"],
    classes: Sequence[Any],
    *,
    part: str,
) -> "Figure":
    """The counts; colour shows mistakes only, which the right answers would hide.

    Arguments:
        true: the true classes.
        found: the classes with the largest logits.
        classes: the names of the classes.
        part: of which part of the examples.
    """
    from matplotlib.figure import Figure

    size, names = len(classes), list(map(str, classes))
    counts = np.zeros((size, size), int)
    np.add.at(counts, (true, found), 1)
    mistakes = np.ma.masked_array(counts, mask=np.eye(size, dtype=bool))
    side = 2.6 + 0.42 * min(size, MOST_NUMBERS)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    panel = figure.subplots()
    panel.set_facecolor(RIGHT)
    most = max(int(counts[~mistakes.mask].max(initial=0)), 1)
    shown = panel.imshow(mistakes, cmap=MISTAKES, vmin=0, vmax=most)
    if size <= MOST_NUMBERS:
        for row, column in np.ndindex(counts.shape):
            dark = row != column and counts[row, column] > 0.6 * most
            colour = "white" if dark else "#333333"
            told = {"ha": "center", "va": "center", "fontsize": 8, "color": colour}
            panel.text(column, row, str(counts[row, column] or "·"), **told)
    panel.set(xlabel="taken for", ylabel="true class")
    ticks = range(0, size, -(-size // MOST_NUMBERS))
    long = max(map(len, names)) > 2
    turned = {"rotation": 60, "ha": "right"} if long else {}
    panel.set_xticks(ticks, [names[tick] for tick in ticks], **turned)
    panel.set_yticks(ticks, [names[tick] for tick in ticks])
    panel.spines[:].set_visible(False)
    figure.colorbar(shown, ax=panel, label="examples, mistakes only", shrink=0.8)
    told = f"{part}: {int(np.trace(counts))} of {len(true)} right"
    panel.set_title(told, loc="left", fontsize=10)
    return figure
