"""Linear and nonlinear regression, of drawn points and of the user's own data.

Importing this package imports no JAX: what it brings is imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

from plugax import hookimpl

if TYPE_CHECKING:
    from ._linear import AbstractLinearRegression as AbstractLinearRegression
    from ._linear_regression import LinearRegression as LinearRegression
    from ._nonlinear_regression import NonlinearRegression as NonlinearRegression
    from ._regression import Regression as Regression
    from ._robust_regression import RobustRegression as RobustRegression

_MODULE_OF = {
    "AbstractLinearRegression": "_linear",
    "LinearRegression": "_linear_regression",
    "NonlinearRegression": "_nonlinear_regression",
    "Regression": "_regression",
    "RobustRegression": "_robust_regression",
}
__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll] - lazy, and tested


@hookimpl
def register_problems(register):
    """Bring the straight line through noisy points, and linear models of own data.

    A nonlinear regression is made of a function, so it is made in Python and has no name.
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
        "robust-regression",
        "plugax_regression._robust_regression:RobustRegression",
        summary="A linear model of your own data, on which outliers have little say",
    )


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value
