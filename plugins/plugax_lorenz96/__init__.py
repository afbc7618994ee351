"""Lorenz's models, and strong-constraint 4DVar of a window of observations.

Importing this package imports no JAX: what it brings is imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

from plugax import hookimpl

if TYPE_CHECKING:
    from ._abstract_four_d_var import AbstractFourDVar as AbstractFourDVar
    from ._covariance import DiagonalRoot as DiagonalRoot
    from ._covariance import MatrixRoot as MatrixRoot
    from ._covariance import RingRoot as RingRoot
    from ._four_d_var import FourDVar as FourDVar
    from ._lorenz63 import Lorenz63 as Lorenz63
    from ._lorenz96 import Lorenz96 as Lorenz96
    from ._lorenz96_four_d_var import Lorenz96FourDVar as Lorenz96FourDVar
    from ._observation import ObserveEveryKth as ObserveEveryKth
    from ._observation import ObserveSubset as ObserveSubset
    from ._twin import Twin as Twin
    from ._twin import draw_twin as draw_twin
    from ._two_scale import TwoScaleLorenz96 as TwoScaleLorenz96

_MODULE_OF = {
    "AbstractFourDVar": "_abstract_four_d_var",
    "DiagonalRoot": "_covariance",
    "FourDVar": "_four_d_var",
    "Lorenz63": "_lorenz63",
    "Lorenz96": "_lorenz96",
    "Lorenz96FourDVar": "_lorenz96_four_d_var",
    "MatrixRoot": "_covariance",
    "ObserveEveryKth": "_observation",
    "ObserveSubset": "_observation",
    "RingRoot": "_covariance",
    "Twin": "_twin",
    "TwoScaleLorenz96": "_two_scale",
    "draw_twin": "_twin",
}
__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll] - lazy, and tested


@hookimpl
def register_problems(register):
    """Bring the 4DVar twin experiment on Lorenz96."""
    register(
        "lorenz96-4dvar",
        "plugax_lorenz96._lorenz96_four_d_var:Lorenz96FourDVar",
        summary="4DVar of Lorenz96: the state at the start of a window, from noisy observations",
    )


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value
