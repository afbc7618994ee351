"""Problems with known answers, and a solver whose state is its unknowns alone."""

import jax
import jax.numpy as jnp
import jax.random as jr
import pytest

import plugax as px


class Bowls(px.AbstractProblem):
    """½ Σ c (a² + b²), a sum of one loss of a and one of b."""

    curvature: jax.Array

    def init(self, key):
        one, other = jr.split(key)
        return {"a": jr.normal(one, (2,)), "b": jr.normal(other, (2,))}

    def loss(self, unknowns, batch, key):
        return sum(jnp.sum(self.curvature * u**2) for u in unknowns.values()) / 2, {}


class Batches(px.AbstractProblem):
    """½ mean ‖u − x‖² over examples in minibatches; the answer is their mean."""

    examples: jax.Array

    @property
    def data(self):
        return px.Shuffled(self.examples, 4)

    def init(self, key):
        return jr.normal(key, (3,)) + 3

    def loss(self, unknowns, batch, key):
        return jnp.mean(jnp.sum((unknowns[None] - batch) ** 2, axis=-1)) / 2, {}


class Waves(px.AbstractProblem):
    """0.02 u² + sin 3 u on [−10, 10]: some twenty minima, the lowest at u = −0.5213."""

    def init(self, key):
        return jr.uniform(key, (), minval=-10.0, maxval=10.0)

    def loss(self, unknowns, batch, key):
        return 0.02 * unknowns**2 + jnp.sin(3 * unknowns), {}


def descent(learning_rate=0.1):
    return px.solver(
        "gradient", optimizer=px.optimizer("sgd", learning_rate=learning_rate), tolerance=None
    )


def settling(learning_rate=0.1, tolerance=1e-4):
    return px.solver(
        "gradient",
        optimizer=px.optimizer("sgd", learning_rate=learning_rate),
        tolerance=tolerance,
    )


@pytest.fixture
def bowls():
    return Bowls(jnp.asarray([1.0, 4.0]))


@pytest.fixture
def batches():
    return Batches(jr.normal(jr.key(5), (20, 3)))


@pytest.fixture
def waves():
    return Waves()


@pytest.fixture
def sgd():
    """Plain descent: its state is its unknowns alone."""
    return descent


@pytest.fixture
def settling_sgd():
    """Plain descent with a test of convergence."""
    return settling
