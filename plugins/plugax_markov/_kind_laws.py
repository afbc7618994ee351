"""The laws of problems with hidden states, and a small one on which their solvers are tested."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from plugax.testing import Laws

from ._hidden_markov_model import HiddenMarkovModel
from ._kind import AbstractHiddenMarkov

# Unit roundings of double precision: a loss is a sum over all rows.
ROUNDING = 1e-12


def two_states() -> HiddenMarkovModel:
    """Counts that are clearly of one state or the other."""
    counts = [1, 0, 2, 1, 9, 11, 8, 12, 10, 0, 1, 3, 1, 2, 9, 7, 12, 1, 0, 2]
    return HiddenMarkovModel({"count": counts}, states=2, emission="poisson", concentration=2.0)


def check_expectation_maximisation(problem: AbstractHiddenMarkov, key: PRNGKeyArray) -> None:
    """The expectation step gives the loss, and the maximisation step does not increase it.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns.

    Errors: `AssertionError` if a law is broken.
    """
    if problem.no_steps() is not None:
        return
    name = type(problem).__name__
    with jax.enable_x64(True):
        to_double = lambda leaf: leaf.astype(float) if eqx.is_inexact_array(leaf) else leaf  # noqa: E731
        problem = jax.tree.map(to_double, problem)
        unknowns, batch = problem.init(key), problem.data.first(key)
        for _ in range(3):
            before = problem.loss(unknowns, batch, key)[0]
            loss, _, expectations = problem.expect(unknowns, batch)
            rounding = ROUNDING * (1 + jnp.abs(before))
            if not jnp.abs(loss - before) <= rounding:
                raise AssertionError(f"{name}: expect gives the loss. Found {loss}, not {before}.")
            unknowns = problem.maximise(unknowns, expectations, batch)
            after = problem.loss(unknowns, batch, key)[0]
            if not after <= before + rounding:
                raise AssertionError(
                    f"{name}: maximise never increases the loss. It rose from {before} to {after}: "
                    "look for a maximum of Q that is none, or a prior that it leaves out."
                )


HIDDEN_MARKOV = Laws(reference=two_states, checks=(check_expectation_maximisation,))
