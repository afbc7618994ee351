"""Lorenz's models, twin experiments with them, and strong-constraint 4DVar of one window.

Importing this package does not import JAX: models and problems are imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


@hookimpl
def register_problems(register):
    """Register 4DVar of one window, and twin experiments over many cycles."""
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
