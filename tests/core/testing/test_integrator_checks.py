"""Every check of an integrator catches one made wrong in just that way, and passes its twin."""

import equinox as eqx
import jax
import jax.numpy as jnp

import plugax as px
from plugax import testing
from plugax.integrators import AbstractAnyIntegrator
from plugax.testing._checks import CHECKS


class Heun(px.AbstractIntegrator):
    """Heun's scheme as a bare scan."""

    def step(self, field, t, y, dt):
        k = field(t, y)
        ahead = field(t + dt, jax.tree.map(lambda y, k: y + dt * k, y, k))
        return jax.tree.map(lambda y, k, a: y + dt * (k + a) / 2, y, k, ahead)

    def times(self, t0, dt, steps, dtype):
        return t0 + dt * jnp.arange(steps).astype(dtype)

    def trajectory(self, field, y0, *, dt, steps, every=1, t0=0.0):
        dtype = jax.tree.leaves(y0)[0].dtype
        dt = jnp.asarray(dt, dtype)

        def body(y, t):
            y = self.step(field, t, y, dt)
            return y, y

        _, states = jax.lax.scan(body, y0, self.times(t0, dt, steps, dtype))
        return jax.tree.map(lambda leaf: leaf[every - 1 :: every], states)


class Rests(Heun):
    def step(self, field, t, y, dt):
        return y


class IgnoresTime(Heun):
    def times(self, t0, dt, steps, dtype):
        return jnp.zeros(steps, dtype)


class BeginsAtZero(Heun):
    def times(self, t0, dt, steps, dtype):
        return super().times(0.0, dt, steps, dtype)


class KeepsTheStart(Heun):
    def trajectory(self, field, y0, *, dt, steps, every=1, t0=0.0):
        states = super().trajectory(field, y0, dt=dt, steps=steps, t0=t0)
        every_state = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), y0, states)
        return jax.tree.map(lambda leaf: leaf[:-1:every], every_state)


class KeepsAll(Heun):
    def trajectory(self, field, y0, *, dt, steps, every=1, t0=0.0):
        return super().trajectory(field, y0, dt=dt, steps=steps, t0=t0)


class CutsTheGradient(Heun):
    """Right but for seven steps, as checkpoints that do not fit can make it."""

    def trajectory(self, field, y0, *, dt, steps, every=1, t0=0.0):
        if steps == 7:
            field = jax.lax.stop_gradient(field)
        return super().trajectory(field, y0, dt=dt, steps=steps, every=every, t0=t0)


class Adaptive(Heun):
    """Says that it is one, and so may be off by its tolerance."""

    rtol: float = eqx.field(static=True, default=1e-5)

    def step(self, field, t, y, dt):
        y = super().step(field, t, y, dt)
        return jax.tree.map(lambda leaf: leaf + jax.lax.stop_gradient(1e-6 * leaf), y)


class FarOff(Adaptive):
    """The same with more than its tolerance allows."""

    rtol: float = eqx.field(static=True, default=1e-9)


class TriesInVain(Heun):
    """Makes a step that overflows, and does not take it."""

    def step(self, field, t, y, dt):
        long, short = (super(TriesInVain, self).step(field, t, y, h) for h in (1e300 * dt, dt))
        return jax.tree.map(lambda a, b: jnp.where(jnp.isfinite(a) & (a > 1e9), a, b), long, short)


class LongTimes(Heun):
    def times(self, t0, dt, steps, dtype):
        return jnp.linspace(0, 1, steps)


@jax.custom_batching.custom_vmap
def leaky(x):
    return x


@leaky.def_vmap
def _leaky_vmap(size, batched, x):
    return jnp.broadcast_to(jnp.mean(x, axis=0, keepdims=True), x.shape), True


class Gossip(Heun):
    def step(self, field, t, y, dt):
        return jax.tree.map(leaky, super().step(field, t, y, dt))


class Prints(Heun):
    def step(self, field, t, y, dt):
        jax.debug.callback(lambda t: None, t)
        return super().step(field, t, y, dt)


class Lambda(Heun):
    function: object = eqx.field(static=True)

    def __init__(self):
        self.function = lambda x: x


class Hidden(Heun):
    def __init__(self):
        object.__setattr__(self, "order", 2)


class Iterates(Heun):
    """A map, which says that it is one."""

    discrete = True

    def step(self, field, t, y, dt):
        return field(t, y)


class IteratesLate(Iterates):
    def step(self, field, t, y, dt):
        return field(t + dt, y)


# check, good, broken, what the message says
TABLE = [
    (testing.check_pytree_round_trip, Heun, Hidden, r"\['order'\] missing"),
    (testing.check_static_fields, Heun, Lambda, "made twice"),
    (testing.check_integrator_accuracy, Heun, Rests, "approaches the solution"),
    (testing.check_integrator_accuracy, Adaptive, IgnoresTime, "called with the time"),
    (testing.check_integrator_accuracy, Heun, BeginsAtZero, "approaches the solution"),
    (testing.check_integrator_accuracy, Iterates, IteratesLate, "applied again and again"),
    (testing.check_integrator_every, Heun, KeepsAll, r"float64\[6, 3\]"),
    (testing.check_integrator_every, Heun, KeepsTheStart, "states of steps 3 and 6"),
    (testing.check_integrator_composition, Adaptive, BeginsAtZero, "six steps"),
    (testing.check_integrator_gradient, Heun, CutsTheGradient, "trajectory of 7 steps of 0.05"),
    (testing.check_integrator_gradient, Adaptive, FarOff, "equals its finite differences"),
    (testing.check_integrator_stiff_gradient, Heun, TriesInVain, "reverse mode equals forward"),
    (testing.check_integrator_precision, Heun, LongTimes, "float32, with float64 switched on"),
    (testing.check_integrator_vmap_equals_loop, Heun, Gossip, "each start alone"),
    (testing.check_integrator_callbacks, Heun, Prints, "1 callbacks"),
]


def test_a_check_catches_what_is_wrong_and_nothing_else(catches, check, good, broken, message):
    catches(check, good, broken, message)


def test_every_check_of_integrators_has_a_row():
    kinds = (AbstractAnyIntegrator, px.AbstractIntegrator)
    checks = {check for kind in kinds for check in CHECKS["integrator"][kind]}
    assert checks == {row[0] for row in TABLE}
