"""Numbers predicted against true ones, and the errors against what was predicted.

In the left panel a perfect model has all points on the diagonal. In the right one its errors lie
around zero; a bend, or a spread that grows, says what the model has missed.
"""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS, LINE = "#0072b2", "#d55e00"
MOST_POINTS = 5000


def draw_numbers(
    true: Float[np.ndarray, "examples outputs"],
    predicted: Float[np.ndarray, "examples outputs"],
    response: str,
    *,
    part: str,
) -> "Figure":
    """Two panels, in the units of the data; several outputs of an example in one colour.

    Arguments:
        true: the targets.
        predicted: what the model predicts.
        response: the name of the response.
        part: of which part of the examples.
    """
    from matplotlib.figure import Figure

    errors = predicted - true
    rms = float(np.sqrt(np.mean(np.square(errors, dtype=float))))
    every = -(-true.size // MOST_POINTS)
    x, y, e = (values.ravel()[::every] for values in (true, predicted, errors))
    figure = Figure(figsize=(8.6, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    style = {"ls": "", "marker": ".", "ms": 4, "alpha": 0.5, "color": POINTS}
    ends = [min(x.min(), y.min()), max(x.max(), y.max())]
    left.plot(ends, ends, color=LINE, lw=1.2)
    left.plot(x, y, **style)
    left.set(xlabel=f"true {response}", ylabel=f"predicted {response}")
    shown = "" if every == 1 else f", one point of {every}"
    left.set_title(f"{part}: rms error {rms:.3g}{shown}", loc="left", fontsize=10)
    right.axhline(0, color=LINE, lw=1.2)
    right.plot(y, e, **style)
    right.set(xlabel=f"predicted {response}", ylabel="predicted − true")
    for panel in (left, right):
        panel.grid(color="#e6e6e6")
        panel.spines[["top", "right"]].set_visible(False)
    return figure
