"""States as rows of numbers, in the order of `ravel_pytree`."""

from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from plugax_state_space import AbstractStateSpace, Cycle

from ._ensemble import as_unknowns

Row = Float[Array, " state"]


def forecast_row(problem: AbstractStateSpace, row: Row, cycle: Cycle) -> Row:
    """M_k(x) of a row."""
    return ravel_pytree(problem.forecast(as_unknowns(problem, row), cycle))[0]


def misfit_row(problem: AbstractStateSpace, row: Row, cycle: Cycle) -> Float[Array, " observed"]:
    """R^{-½} (y − H(x)) of a row."""
    return problem.misfit(as_unknowns(problem, row), cycle)
