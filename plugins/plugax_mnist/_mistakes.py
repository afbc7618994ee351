"""The wrong answers of which the model is most certain."""

import numpy as np
from matplotlib.figure import Figure

ROWS, COLUMNS = 4, 6


def worst_mistakes(labels: np.ndarray, probabilities: np.ndarray, most: int) -> np.ndarray:
    """The indices of misclassified pictures, the most certain mistakes first.

    Arguments:
        labels: the true class of every picture.
        probabilities: of every picture and class.
        most: the largest number of indices.
    """
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    surest = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[surest[:most]]


def draw_mistakes(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, classes: tuple[str, ...]
) -> Figure:
    """The worst mistakes as pictures, with their true class and the answer of the model.

    Arguments:
        images: all pictures.
        labels: the true class of every picture.
        probabilities: of every picture and class.
        classes: their names.
    """
    figure = Figure(figsize=(1.35 * COLUMNS, 1.75 * ROWS), layout="constrained")
    chosen = worst_mistakes(labels, probabilities, ROWS * COLUMNS)
    panels = figure.subplots(ROWS, COLUMNS).ravel()
    for axes, index in zip(panels, chosen, strict=False):
        axes.imshow(images[index], cmap="gray_r", vmin=0, vmax=255)
        found = int(probabilities[index].argmax())
        sure = 100 * probabilities[index, found]
        axes.set_title(
            f"{classes[labels[index]]}, not {classes[found]}\n({min(sure, 99.9):.1f} % sure)",
            fontsize=8,
        )
    for axes in panels:
        axes.set_axis_off()
    figure.suptitle(
        "True class, answer of the model, and the probability of this answer"
        if chosen.size
        else "No mistakes",
        fontsize=10,
    )
    return figure
