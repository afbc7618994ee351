"""The numbers of a state for which the truth is given, as vectors."""

import jax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import Ensemble, as_unknowns


def verified_row(
    problem: AbstractStateSpace, row: Float[Array, " state"]
) -> Float[Array, " verified"]:
    """Those of a state."""
    return ravel_pytree(problem.verified(as_unknowns(problem, row)))[0]


def verified_ensemble(
    problem: AbstractStateSpace, ensemble: Ensemble
) -> Float[Array, "members verified"]:
    """Those of every member."""
    return jax.vmap(lambda row: verified_row(problem, row))(ensemble)


def verified_truth(cycle: Cycle) -> Float[Array, " verified"]:
    """Those of the truth."""
    return ravel_pytree(cycle.truth)[0]
