"""Linear, generalised, penalised and nonlinear regression, of the user's own data.

Importing this package does not import JAX: the problems are imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


@hookimpl
def register_problems(register):
    """Register the straight line through noisy points, and linear models of the user's own data.

    A nonlinear regression needs a function, so it is made in Python and has no name here.
    """
    register(
        "regression",
        "plugax_regression._regression:Regression",
        summary="A straight line through noisy points, the first example of JAX's introductions",
    )
    register(
        "linear-regression",
        "plugax_regression._linear_regression:LinearRegression",
        summary="Coefficients of a linear model of your own data, from a CSV file or arrays",
    )
    register(
        "generalised-linear-model",
        "plugax_regression._generalised:GeneralisedLinearModel",
        summary="Logistic, Poisson, gamma, negative-binomial or Student-t regression of your data",
    )
    register(
        "robust-regression",
        "plugax_regression._robust_regression:RobustRegression",
        summary="A linear model of your own data, on which outliers have little influence",
    )
    register(
        "penalised-regression",
        "plugax_regression._penalised:PenalisedRegression",
        summary="Lasso, ridge or elastic net of your own data, for one strength of the penalty",
    )
    register(
        "penalised-path",
        "plugax_regression._path:PenalisedPath",
        summary="Lasso, ridge or elastic net for all strengths, and one chosen by cross-validation",
    )


@hookimpl
def register_solvers(register):
    """Register the solver of `penalised-path`."""
    register(
        "regularisation-path",
        "plugax_regression._path_solver:RegularisationPath",
        summary="Penalised models for one strength after the other, each from the one before",
    )
