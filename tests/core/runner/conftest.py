"""A problem and a solver as a stranger would write them, small enough to follow by hand."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import pytest

import plugax as px


class Bowl(px.AbstractProblem):
    """½ Σ c u², from a random start."""

    curvature: jax.Array

    def init(self, key):
        return jr.normal(key, self.curvature.shape, self.curvature.dtype)

    def loss(self, unknowns, batch, key):
        return jnp.sum(self.curvature * unknowns**2) / 2, {"first": unknowns[0]}

    def evaluate(self, unknowns):
        return {"norm": jnp.linalg.norm(unknowns), "terms": ["a", "b"]}


class Descent(px.AbstractSolver):
    """u ← u − η ∇J + σ ξ, converged where the step's largest entry is below a tolerance."""

    learning_rate: jax.Array | float = 0.1
    noise: float = 0.0
    tolerance: float | None = None

    def init(self, problem, unknowns, key):
        return unknowns, jnp.full_like(unknowns, jnp.inf)

    def step(self, problem, state, batch, key):
        unknowns, _ = state
        value_and_grad = eqx.filter_value_and_grad(problem.loss, has_aux=True)
        (loss, metrics), grad = value_and_grad(unknowns, batch, key)
        step = -self.learning_rate * grad
        step = step + self.noise * jr.normal(key, step.shape, step.dtype)
        return (unknowns + step, step), {"loss": loss, **metrics}

    def converged(self, problem, state):
        return None if self.tolerance is None else jnp.max(jnp.abs(state[1])) < self.tolerance

    def unknowns(self, problem, state):
        return state[0]


class Cliff(px.AbstractProblem):
    """−Σ u, whose descent walks to ever larger u, and a NaN where u is beyond the edge."""

    edge: float = 2.0

    def init(self, key):
        return jnp.ones(1)

    def loss(self, unknowns, batch, key):
        loss = -jnp.sum(unknowns)
        return jnp.where(unknowns[0] > self.edge, jnp.nan, loss), {}


@pytest.fixture(scope="session")
def bowl():
    return Bowl(jnp.asarray([1.0, 4.0]))


@pytest.fixture(scope="session")
def descent():
    return Descent


@pytest.fixture
def cliff():
    return Cliff
