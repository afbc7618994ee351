"""The figures of a fit: how the losses fell, and what the model says of examples it has not seen.

    loss            training and validation over the passes over the data, and the metrics
    confusion       of classes: which was taken for which
    predictions     of numbers: predicted against true, and the errors

The last two are of the part that was kept back, or, if there is none, of the training part.
"""

from typing import TYPE_CHECKING

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from ._abstract_supervised import AbstractSupervised
from ._answers import judged, kind_of
from ._figure_confusion import draw_confusion
from ._figure_curves import draw_curves
from ._figure_numbers import draw_numbers
from ._model import in_pieces, inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plugax import Solution


def figures_of(problem: AbstractSupervised, solution: "Solution") -> "dict[str, Figure]":
    """All figures of a solution, by name."""
    drawn = {"loss": draw_curves(problem, solution)}
    part, name = problem.validation, "validation"
    if part is None:
        if problem.train.whole is None:
            return drawn  # a stream
        part, name = problem.examples(), "training"
    inputs, targets, _ = part
    kind = kind_of(problem.measure, targets)
    if kind is None:
        return drawn
    outputs = _outputs(solution.unknowns, inputs)
    if problem.scaling is not None:
        outputs, targets = problem.scaling.in_units(outputs), problem.scaling.in_units(targets)
    same = jnp.ones(len(targets))
    found, true, _ = map(np.asarray, judged(problem.measure, outputs, targets, same))
    if kind == "classes":
        names = range(found.shape[1]) if problem.classes is None else problem.classes
        return drawn | {"confusion": draw_confusion(true, found.argmax(axis=1), names, part=name)}
    response = getattr(problem, "response_name", "target")
    return drawn | {"predictions": draw_numbers(true, found, response, part=name)}


@eqx.filter_jit
def _outputs(unknowns: PyTree, inputs: PyTree) -> PyTree[Array]:
    """The outputs of the model, in the units in which it works."""
    return in_pieces(inference(unknowns), inputs)
