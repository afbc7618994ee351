"""Least-squares problems with known answers."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

import plugax as px


class Curve(px.AbstractLeastSquares):
    """Residuals given as a function of the unknowns."""

    function: object = eqx.field(static=True)
    start: object

    def init(self, key):
        return self.start

    def residuals(self, unknowns, batch, key):
        return self.function(unknowns), {}


class Decay(px.AbstractLeastSquares):
    """A fit of a decay in units of one's own: arrays, so that all of them are one program."""

    first: jax.Array
    second: jax.Array
    size: jax.Array

    def init(self, key):
        return jnp.stack([1 / self.first, 1 / self.second])

    def residuals(self, unknowns, batch, key):
        x = jnp.linspace(0, 1, 20)
        y = 2 * jnp.exp(-3 * x) + 0.01 * jnp.cos(40 * x)
        height, rate = self.first * unknowns[0], self.second * unknowns[1]
        return (height * jnp.exp(-rate * x) - y) * self.size, {}


class Linear(px.AbstractLeastSquares):
    """½‖A u − b‖², from ones."""

    matrix: jax.Array
    target: jax.Array

    def init(self, key):
        return jnp.ones(self.matrix.shape[1])

    def residuals(self, unknowns, batch, key):
        return self.matrix @ unknowns - self.target, {}


@pytest.fixture(scope="session")
def decay():
    return Decay


@pytest.fixture(scope="session")
def linear():
    return Linear


@pytest.fixture(scope="session")
def curve():
    return Curve


@pytest.fixture(scope="session")
def rosenbrock():
    def residuals(y):
        return 10 * (y[1:] - y[:-1] ** 2), 1 - y[:-1]

    return lambda size=2: Curve(residuals, jnp.full(size, -1.0).at[0].set(-1.2))
