"""Nonlinear least squares and minimisation: `gauss-newton`, `levenberg-marquardt`, `bfgs`."""

from plugax import hookimpl


@hookimpl
def register_solvers(register):
    """Bring the three solvers."""
    register(
        "gauss-newton",
        "plugax_optimistix._gauss_newton:GaussNewton",
        summary="Least squares by linearising again and again; dense or matrix-free",
    )
    register(
        "levenberg-marquardt",
        "plugax_optimistix._levenberg_marquardt:LevenbergMarquardt",
        summary="Least squares by damped linearisations: robust from poor starts",
    )
    register(
        "bfgs",
        "plugax_optimistix._bfgs:BFGS",
        summary="Quasi-Newton minimisation of any smooth loss (optimistix)",
    )
