"""Networks of your own on data of your own: arrays in Python, tables on the command line.

Importing this package does not import JAX: the problems are imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


@hookimpl
def register_problems(register):
    """Register the networks for tables; `supervised` takes a model, so it has no name here."""
    register(
        "classification",
        "plugax_supervised._table_problems:Classification",
        summary="A network that tells classes apart, from a CSV file or columns of yours",
    )
    register(
        "regression-network",
        "plugax_supervised._table_problems:RegressionNetwork",
        summary="A network that predicts a number, from a CSV file or columns of yours",
    )
