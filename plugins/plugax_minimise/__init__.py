"""Nonlinear least squares and minimisation, by eleven solvers; composite problems.

Importing this package does not import JAX: what it exports is imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


@hookimpl
def register_solvers(register):
    """Bring the solvers."""
    register(
        "gauss-newton",
        "plugax_minimise._gauss_newton:GaussNewton",
        summary="Least squares by repeated linearisation; dense or matrix-free",
    )
    register(
        "levenberg-marquardt",
        "plugax_minimise._levenberg_marquardt:LevenbergMarquardt",
        summary="Least squares by damped linearisations: robust from poor starts",
    )
    register(
        "bfgs",
        "plugax_minimise._bfgs:BFGS",
        summary="Quasi-Newton minimisation of any smooth loss, up to a few thousand unknowns",
    )
    register(
        "lbfgs",
        "plugax_minimise._lbfgs:LBFGS",
        summary="Quasi-Newton minimisation with a short memory: many unknowns",
    )
    register(
        "nonlinear-cg",
        "plugax_minimise._nonlinear_cg:NonlinearCG",
        summary="Conjugate gradients for any smooth loss: very many unknowns",
    )
    register(
        "newton",
        "plugax_minimise._newton:Newton",
        summary="Newton steps within a trust region, by products with the Hessian",
    )
    register(
        "dogleg",
        "plugax_minimise._dogleg:Dogleg",
        summary="Least squares by Powell's dogleg steps within a trust region",
    )
    register(
        "augmented-lagrangian",
        "plugax_minimise._augmented_lagrangian:AugmentedLagrangian",
        summary="Equations and inequalities by multipliers, with any other solver",
    )
    register(
        "nelder-mead",
        "plugax_minimise._nelder_mead:NelderMead",
        summary="Simplex of Nelder and Mead: a few unknowns, no gradients",
    )
    register(
        "proximal-gradient",
        "plugax_minimise._proximal_gradient:ProximalGradient",
        summary="A smooth loss with a simple penalty (FISTA): many unknowns",
    )
    register(
        "proximal-newton",
        "plugax_minimise._proximal_newton:ProximalNewton",
        summary="A smooth convex loss with a separable penalty, such as the lasso's",
    )
