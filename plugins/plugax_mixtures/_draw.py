"""The shared parts of the figures: colours for colour-blind readers, plain axes.

Colours: M. Okabe and K. Ito, Color Universal Design (2008).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c8c8c", "#111111")


def colour(number: int) -> str:
    """The colour of a component, from 0 on; they repeat.

    Arguments:
        number: of the component.
    """
    return COLOURS[number % len(COLOURS)]


def plain_axes(axes: "Axes") -> None:
    """Two spines and a faint grid, behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)
