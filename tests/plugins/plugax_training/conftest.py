"""A run to be observed, whose evaluations are known, and the bundled observers by name."""

import contextlib
import sys

import jax.numpy as jnp
import pytest

import plugax as px
import plugax_training


class Bumpy(px.AbstractProblem):
    """u falls by one a step; what is evaluated falls until u = turn, and rises again."""

    turn: jnp.ndarray

    def init(self, key):
        return jnp.asarray(0.0)

    def loss(self, unknowns, batch, key):
        return unknowns, {"twice": 2 * unknowns, "pair": jnp.stack([unknowns, unknowns])}

    def evaluate(self, unknowns):
        return {"distance": jnp.abs(unknowns - self.turn), "pair": jnp.zeros(2)}


@pytest.fixture
def bumpy():
    """u₀ = 0, u ← u − 1; `distance` is smallest after seven steps."""
    return Bumpy(jnp.asarray(-7.0))


@pytest.fixture
def by_one():
    """Gradient descent whose steps have the length one."""
    return px.solver("gradient", optimizer=px.optimizer("sgd", learning_rate=1.0))


@pytest.fixture
def manager():
    """A manager that has the plugin, installed or not."""
    found = px.PluginManager(discover=False)
    found.register(plugax_training, "training")
    return found


@pytest.fixture
def stand_in(monkeypatch):
    """A module in place of a library that is not there, which notes how it is called."""

    @contextlib.contextmanager
    def pretend(name, module):
        monkeypatch.setitem(sys.modules, name, module)
        yield module

    return pretend
