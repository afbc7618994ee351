"""Least-squares problems with known answers."""

import equinox as eqx
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


@pytest.fixture(scope="session")
def curve():
    return Curve


@pytest.fixture(scope="session")
def rosenbrock():
    def residuals(y):
        return 10 * (y[1:] - y[:-1] ** 2), 1 - y[:-1]

    return lambda size=2: Curve(residuals, jnp.full(size, -1.0).at[0].set(-1.2))
