"""Lorenz's models, twin experiments with them, and strong-constraint 4DVar of one window.

Importing this package imports no JAX: what it brings is imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

from plugax import hookimpl

if TYPE_CHECKING:
    from ._abstract_four_d_var import AbstractFourDVar as AbstractFourDVar
    from ._four_d_var import FourDVar as FourDVar
    from ._lorenz63 import Lorenz63 as Lorenz63
    from ._lorenz63_twin import Lorenz63Twin as Lorenz63Twin
    from ._lorenz96 import Lorenz96 as Lorenz96
    from ._lorenz96_four_d_var import Lorenz96FourDVar as Lorenz96FourDVar
    from ._lorenz96_twin import Lorenz96Twin as Lorenz96Twin
    from ._observation import ObserveEveryKth as ObserveEveryKth
    from ._observation import ObserveFirst as ObserveFirst
    from ._observation import ObserveSubset as ObserveSubset
    from ._ring_covariance import RingCovariance as RingCovariance
    from ._twin import Twin as Twin
    from ._twin import draw_twin as draw_twin
    from ._two_scale import TwoScaleLorenz96 as TwoScaleLorenz96
    from ._two_scale_twin import TwoScaleLorenz96Twin as TwoScaleLorenz96Twin

_MODULE_OF = {
    "AbstractFourDVar": "_abstract_four_d_var",
    "FourDVar": "_four_d_var",
    "Lorenz63": "_lorenz63",
    "Lorenz63Twin": "_lorenz63_twin",
    "Lorenz96": "_lorenz96",
    "Lorenz96FourDVar": "_lorenz96_four_d_var",
    "Lorenz96Twin": "_lorenz96_twin",
    "ObserveEveryKth": "_observation",
    "ObserveFirst": "_observation",
    "ObserveSubset": "_observation",
    "RingCovariance": "_ring_covariance",
    "Twin": "_twin",
    "TwoScaleLorenz96": "_two_scale",
    "TwoScaleLorenz96Twin": "_two_scale_twin",
    "draw_twin": "_twin",
}
__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll] - lazy, and tested


@hookimpl
def register_problems(register):
    """Bring 4DVar of one window, and twin experiments over many cycles."""
    register(
        "lorenz96-4dvar",
        "plugax_lorenz96._lorenz96_four_d_var:Lorenz96FourDVar",
        summary="4DVar of Lorenz96: the state at the start of a window, from noisy observations",
    )
    register(
        "lorenz96-twin",
        "plugax_lorenz96._lorenz96_twin:Lorenz96Twin",
        summary="Lorenz96 observed over many cycles, in set-ups of the literature",
    )
    register(
        "lorenz63-twin",
        "plugax_lorenz96._lorenz63_twin:Lorenz63Twin",
        summary="Lorenz63 observed over many cycles, in set-ups of the literature",
    )
    register(
        "two-scale-lorenz96-twin",
        "plugax_lorenz96._two_scale_twin:TwoScaleLorenz96Twin",
        summary="Two-scale Lorenz96 observed over many cycles in its slow variables",
    )


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value
