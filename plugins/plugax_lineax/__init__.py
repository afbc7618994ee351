"""Linear least squares, solved directly: `least-squares`."""

from plugax import hookimpl


@hookimpl
def register_solvers(register):
    """Register the direct solver."""
    register(
        "least-squares",
        "plugax_lineax._least_squares:LeastSquares",
        summary="Linear least squares by one orthogonal factorisation, rank checked",
    )
