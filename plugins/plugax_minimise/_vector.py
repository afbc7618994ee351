"""A problem as a function of one vector: its floating-point unknowns, flattened and joined."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractLeastSquares

Metrics = dict[str, Array]
ResidualFunction = Callable[[Float[Array, " n"]], tuple[Float[Array, " m"], Metrics]]


def as_vector(
    unknowns: PyTree,
) -> tuple[Float[Array, " n"], Callable[[Float[Array, " n"]], PyTree]]:
    """The unknowns' floating-point arrays as one vector, and the way back.

    Everything else in the unknowns (integers, functions, static fields) is held fixed.
    """
    free, fixed = eqx.partition(unknowns, eqx.is_inexact_array)
    vector, unravel = ravel_pytree(free)
    return vector, lambda vector: eqx.combine(unravel(vector), fixed)


def residual_function(
    problem: AbstractLeastSquares,
    rebuild: Callable[[Float[Array, " n"]], PyTree],
    batch: PyTree,
    key: PRNGKeyArray,
) -> ResidualFunction:
    """The residuals of a least-squares problem as a vector function of the vector of unknowns."""

    def residuals(vector: Float[Array, " n"]) -> tuple[Float[Array, " m"], Metrics]:
        tree, metrics = problem.residuals(rebuild(vector), batch, key)
        return jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(tree)]), metrics

    return residuals


def tolerance_of(rtol: float | Float[Array, ""], dtype: Any) -> Float[Array, ""]:
    """A relative tolerance, but no less than ten units of rounding."""
    return jnp.maximum(jnp.asarray(rtol, dtype), 10 * jnp.finfo(dtype).eps)
