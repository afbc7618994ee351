"""Optimistix's own minimisers and least-squares solvers, by name."""

from plugax import hookimpl

SOLVERS = {
    "bfgs": "Optimistix's BFGS: quasi-Newton, dense inverse Hessian, backtracking",
    "dfp": "Optimistix's DFP: the quasi-Newton method before BFGS, backtracking",
    "lbfgs": "Optimistix's L-BFGS: quasi-Newton with a short memory, backtracking",
    "nonlinear-cg": "Optimistix's nonlinear conjugate gradients, backtracking",
    "gradient-descent": "Optimistix's gradient descent with a constant learning rate",
    "nelder-mead": "Optimistix's simplex of Nelder and Mead",
    "gauss-newton": "Optimistix's Gauss-Newton: least squares by full steps",
    "levenberg-marquardt": "Optimistix's Levenberg-Marquardt: least squares by damped steps",
    "indirect-levenberg-marquardt": "Optimistix's Levenberg-Marquardt whose steps have a radius",
    "dogleg": "Optimistix's dogleg: least squares within a trust region",
}


@hookimpl
def register_solvers(register):
    """Register one solver for every method of optimistix, from `_methods`."""
    for name, summary in SOLVERS.items():
        target = f"plugax_optimistix._methods:{name.replace('-', '_')}"
        register(f"optimistix-{name}", target, summary=summary)
