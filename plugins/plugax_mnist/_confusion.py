"""The confusion matrix: which class was mistaken for which."""

import numpy as np
from matplotlib.figure import Figure

from ._draw import WRONG

RIGHT = "#f2f2f2"


def draw_confusion(
    labels: np.ndarray, probabilities: np.ndarray, classes: tuple[str, ...]
) -> Figure:
    """The matrix of counts; colour shows mistakes only, which the right answers would hide.

    Arguments:
        labels: the true class of every picture.
        probabilities: the probabilities of every picture and class.
        classes: the names of the classes.
    """
    size = len(classes)
    counts = np.zeros((size, size), int)
    np.add.at(counts, (labels, probabilities.argmax(axis=1)), 1)
    mistakes = np.ma.masked_array(counts, mask=np.eye(size, dtype=bool))
    figure = Figure(figsize=(6.6, 5.6), layout="constrained")
    axes = figure.subplots()
    most = max(int(mistakes.max()), 1)
    axes.set_facecolor(RIGHT)
    shown = axes.imshow(mistakes, cmap=WRONG, vmin=0, vmax=most)
    for row, column in np.ndindex(counts.shape):
        count = counts[row, column]
        dark = row != column and count > 0.6 * most
        axes.text(
            column,
            row,
            str(count) if count else "·",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if dark else "#333333",
        )
    axes.set(xlabel="taken for", ylabel="true class")
    upright = max(map(len, classes)) > 2
    axes.set_xticks(
        range(size), classes, rotation=60 if upright else 0, ha="right" if upright else "center"
    )
    axes.set_yticks(range(size), classes)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.colorbar(shown, ax=axes, label="pictures, mistakes only", shrink=0.8)
    right = int(np.trace(counts))
    axes.set_title(f"{right} of {len(labels)} right", loc="left", fontsize=10)
    return figure
