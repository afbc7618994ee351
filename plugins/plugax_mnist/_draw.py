"""The shared parts of the figures: colours for colour-blind readers, plain axes.

Colours: M. Okabe and K. Ito, Color Universal Design (2008).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRAINING = "#0072b2"
TEST = "#d55e00"
WRONG = "Oranges"
"""A colour map of one hue, told apart by lightness alone."""


def plain_axes(axes: "Axes") -> None:
    """Two spines and a faint grid, behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)
