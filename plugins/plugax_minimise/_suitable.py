"""What these solvers require of a problem: all data at every step, and real unknowns."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from plugax import AbstractProblem, AbstractSolver
from plugax.errors import UnsuitableProblemError
from plugax.solvers import Problem, State


class AbstractDeterministicSolver(AbstractSolver[Problem, State]):
    """A solver that compares the loss of one step with that of the next.

    Both must be the same function: a change of the batch would look like progress.
    """

    needs_all_data: ClassVar[bool] = True

    def check_unknowns(self, problem: AbstractProblem, unknowns: PyTree) -> None:
        """Raise `UnsuitableProblemError` unless there are floating-point numbers, all real."""
        name, theirs = type(self).__name__, type(problem).__name__
        leaves = [leaf for leaf in jax.tree.leaves(unknowns) if eqx.is_inexact_array(leaf)]
        if not leaves:
            raise UnsuitableProblemError(
                f"{name} found nothing to solve for: {theirs}.init returned no floating-point "
                "array. Unknowns are the floating-point arrays of what init returns; write "
                "jnp.asarray(1.0) rather than 1 or 1.0."
            )
        if any(jnp.iscomplexobj(leaf) for leaf in leaves):
            raise UnsuitableProblemError(
                f"{name} needs real unknowns; {theirs}.init returned a complex array. Use the "
                "real and imaginary parts as two unknowns."
            )
