"""The solver `NEW_name`: gradient descent with momentum."""

import jax
import jax.numpy as jnp
from plugax import AbstractSolver


class NEW_class(AbstractSolver):
    """Polyak's heavy ball: v ← μ v − η ∇J(u), u ← u + v.

    Arguments:
        learning_rate: η, the length of a step for a gradient of one.
        momentum: μ, the part of the last step that is kept, from 0 to below 1.

    Source: Polyak 1964, doi 10.1016/0041-5553(64)90137-5.
    """

    learning_rate: float = 0.02
    momentum: float = 0.9

    def init(self, problem, unknowns, key):
        return unknowns, jax.tree.map(jnp.zeros_like, unknowns)

    def step(self, problem, state, batch, key):
        unknowns, velocity = state
        value_and_grad = jax.value_and_grad(problem.loss, has_aux=True)
        (loss, metrics), slope = value_and_grad(unknowns, batch, key)
        push = lambda v, g: self.momentum * v - self.learning_rate * g
        velocity = jax.tree.map(push, velocity, slope)
        unknowns = jax.tree.map(jnp.add, unknowns, velocity)
        return (unknowns, velocity), {"loss": loss, **metrics}

    def converged(self, problem, state):
        return None  # it has no test, and makes all steps

    def unknowns(self, problem, state):
        return state[0]
