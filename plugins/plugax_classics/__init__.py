"""Classic test problems: those of Moré, Garbow and Hillstrom, for any solver.

Importing this package does not import JAX: the problems are imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


@hookimpl
def register_problems(register):
    """Register the 35 problems as one, with an option that selects the function."""
    register(
        "more-garbow-hillstrom",
        "plugax_classics._more_garbow_hillstrom:MoreGarbowHillstrom",
        summary="One of 35 classic test problems with published minima: Rosenbrock, Wood, Meyer, …",
    )
