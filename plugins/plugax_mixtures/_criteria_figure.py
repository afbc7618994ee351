"""The figure of AIC, BIC and ICL against the number of components."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from plugax import Population

from ._criteria import criteria_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def criteria_figure(populations: Iterable[Population]) -> "Figure":
    """The criteria against the number of components; the smallest of each is filled.

    Arguments:
        populations: `px.sweep(…, over={"problem.components": range(1, 7)})`.

    Errors: `PlugaxError` if the problem is no mixture.
    """
    from matplotlib.figure import Figure  # slow to import

    from ._draw import COLOURS, plain_axes

    found = criteria_of(populations)
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    for name, colour in zip(("aic", "bic", "icl"), COLOURS, strict=False):
        values = getattr(found, name)
        axes.plot(found.components, values, "o-", color=colour, mfc="white", label=name.upper())
        if not np.isnan(values).all():
            least = np.nanargmin(values)
            axes.plot(found.components[least], values[least], "o", color=colour)
    axes.set(xlabel="number of components", ylabel="criterion, less is better")
    axes.set_xticks(found.components)
    axes.legend(frameon=False)
    plain_axes(axes)
    return figure
