"""What every solver here asks of a problem: all data at every step, and real unknowns."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from plugax import AbstractProblem, FullBatch, UnsuitableProblemError


def check_suitable(problem: AbstractProblem, unknowns: PyTree, solver: str) -> None:
    """Raise `UnsuitableProblemError` where a deterministic solver cannot work.

    Such a solver compares the loss of one step with that of the next, so both must be the same
    function: a batch that changes from step to step would be taken for progress.
    """
    if not isinstance(problem.data, FullBatch):
        raise UnsuitableProblemError(
            f"{solver} needs all data at every step (plugax.FullBatch), since it compares losses "
            f"of different steps; {type(problem).__name__} gives {type(problem.data).__name__}. "
            "Give the problem FullBatch data, or use a solver for changing batches, such as "
            "'gradient'."
        )
    leaves = [leaf for leaf in jax.tree.leaves(unknowns) if eqx.is_inexact_array(leaf)]
    if not leaves:
        raise UnsuitableProblemError(
            f"{solver} found nothing to solve for: {type(problem).__name__}.init returned no "
            "floating-point array. Unknowns are the floating-point arrays of what init returns; "
            "write jnp.asarray(1.0) rather than 1 or 1.0."
        )
    if any(jnp.iscomplexobj(leaf) for leaf in leaves):
        raise UnsuitableProblemError(
            f"{solver} works with real unknowns; {type(problem).__name__}.init returned a complex "
            "array. Use the real and imaginary parts as two unknowns."
        )
