"""Classic test problems: those of Moré, Garbow and Hillstrom, for any solver.

Importing this package imports no JAX: what it brings is imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

from plugax import hookimpl

if TYPE_CHECKING:
    from ._classic import Classic as Classic
    from ._classic import Minimum as Minimum
    from ._more_garbow_hillstrom import MoreGarbowHillstrom as MoreGarbowHillstrom
    from ._table import CLASSICS as CLASSICS

_MODULE_OF = {
    "CLASSICS": "_table",
    "Classic": "_classic",
    "Minimum": "_classic",
    "MoreGarbowHillstrom": "_more_garbow_hillstrom",
}
__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll] - lazy, and tested


@hookimpl
def register_problems(register):
    """Bring the 35 problems, one of which is chosen by an option."""
    register(
        "more-garbow-hillstrom",
        "plugax_classics._more_garbow_hillstrom:MoreGarbowHillstrom",
        summary="One of 35 classic test problems with published minima: Rosenbrock, Wood, Meyer, …",
    )


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value
