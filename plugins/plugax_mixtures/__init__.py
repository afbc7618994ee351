"""Mixtures of normal and of Student's t distributions, and expectation-maximisation.

Importing this package does not import JAX: everything is imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


@hookimpl
def register_problems(register):
    """Register the mixtures of the user's own data."""
    register(
        "gaussian-mixture",
        "plugax_mixtures._gaussian_mixture:GaussianMixture",
        summary="Groups in your own data, each normal: full, tied, diagonal or spherical",
    )
    register(
        "student-t-mixture",
        "plugax_mixtures._student_t_mixture:StudentTMixture",
        summary="Groups in your own data that outliers hardly change, each a t distribution",
    )


@hookimpl
def register_solvers(register):
    """Register expectation-maximisation."""
    register(
        "em",
        "plugax_mixtures._em:ExpectationMaximisation",
        summary="Expectation-maximisation, accelerated: likelihoods with hidden variables",
    )
