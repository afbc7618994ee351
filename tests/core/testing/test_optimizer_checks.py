"""Every check of an optimizer catches one made wrong in just that way, and passes its twin."""

import equinox as eqx
import jax
import jax.numpy as jnp

import plugax as px
from plugax import testing
from plugax.testing._checks import CHECKS


class Momentum(px.AbstractOptimizer):
    """v ← μ v − η g; the update is v."""

    learning_rate: jax.Array = eqx.field(converter=jnp.asarray, default=0.01)
    momentum: jax.Array = eqx.field(converter=jnp.asarray, default=0.5)

    def init(self, params):
        return jax.tree.map(jnp.zeros_like, params)

    def velocity(self, velocity, gradient):
        return self.momentum * velocity - self.learning_rate * gradient

    def update(self, grads, state, params, **extra):
        state = jax.tree.map(self.velocity, state, grads)
        return state, state


class Climbs(Momentum):
    def velocity(self, velocity, gradient):
        return -super().velocity(velocity, gradient)


class Flattens(Momentum):
    def update(self, grads, state, params, **extra):
        updates, state = super().update(grads, state, params)
        return jax.tree.leaves(updates), state


class LongState(Momentum):
    def init(self, params):
        return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), params)

    def velocity(self, velocity, gradient):
        return super().velocity(velocity.astype(gradient.dtype), gradient)


class Asks(Momentum):
    def velocity(self, velocity, gradient):
        return super().velocity(velocity, gradient) if self.momentum < 1 else velocity


@jax.custom_batching.custom_vmap
def leaky(x):
    return x


@leaky.def_vmap
def _leaky_vmap(size, batched, x):
    return jnp.broadcast_to(jnp.mean(x, axis=0, keepdims=True), x.shape), True


class SharesRates(Momentum):
    def velocity(self, velocity, gradient):
        return self.momentum * velocity - leaky(self.learning_rate) * gradient


class PythonRate(px.AbstractOptimizer):
    learning_rate: float = 0.01

    def init(self, params):
        return ()

    def update(self, grads, state, params, **extra):
        return jax.tree.map(lambda gradient: -self.learning_rate * gradient, grads), state


class Lambda(Momentum):
    function: object = eqx.field(static=True)

    def __init__(self):
        self.learning_rate = self.momentum = jnp.asarray(0.1)
        self.function = lambda x: x


class Hidden(Momentum):
    def __init__(self):
        self.learning_rate = self.momentum = jnp.asarray(0.1)
        object.__setattr__(self, "decay", 0.9)


# check, good, broken, what the message says
TABLE = [
    (testing.check_pytree_round_trip, Momentum, Hidden, r"\['decay'\] missing"),
    (testing.check_static_fields, Momentum, Lambda, "made twice"),
    (testing.check_optimizer_descends, Momentum, Climbs, "lower a quadratic"),
    (testing.check_optimizer_dtypes, Momentum, Flattens, "structure"),
    (testing.check_optimizer_dtypes, PythonRate, LongState, "float32, with float64 switched on"),
    (testing.check_optimizer_hyperparameters, Momentum, Asks, "TracerBoolConversionError"),
    (testing.check_optimizer_hyperparameters, Momentum, SharesRates, "as with each value alone"),
    (testing.check_optimizer_traces_once, Momentum, PythonRate, r"Python numbers \[0.01\]"),
]


def test_a_check_catches_what_is_wrong_and_nothing_else(catches, check, good, broken, message):
    catches(check, good, broken, message)


def test_every_check_of_optimizers_has_a_row():
    checks = {check for checks in CHECKS["optimizer"].values() for check in checks}
    assert checks == {row[0] for row in TABLE}
