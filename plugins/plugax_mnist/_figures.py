"""The figures of a classification, by name."""

from typing import TYPE_CHECKING

import jax
import numpy as np

from ._confusion import draw_confusion
from ._curves import draw_curves
from ._mistakes import draw_mistakes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plugax import Solution

    from ._image_classification import AbstractImageClassification


def figures_of(problem: "AbstractImageClassification", solution: "Solution") -> dict[str, "Figure"]:
    """The figures `loss`, `confusion` and `mistakes`.

    `loss` shows loss and accuracy on the batches and on the test set, epoch by epoch; `confusion`
    which class was mistaken for which; `mistakes` the wrong answers of which the model is most
    certain.

    Arguments:
        problem: the problem.
        solution: a solution of the problem.
    """
    logits = problem.test_logits(solution.unknowns)
    probabilities = np.asarray(jax.nn.softmax(logits), float)
    labels = np.asarray(problem.test_labels, int)
    return {
        "loss": draw_curves(solution, problem.data.steps_per_epoch),
        "confusion": draw_confusion(labels, probabilities, problem.classes),
        "mistakes": draw_mistakes(
            np.asarray(problem.test_images), labels, probabilities, problem.classes
        ),
    }
