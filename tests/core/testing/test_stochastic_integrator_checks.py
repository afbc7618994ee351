"""Every check of a stochastic integrator catches one made wrong in just that way."""

import jax
import jax.numpy as jnp
import jax.random as jr
import pytest

import plugax as px
from plugax import testing
from plugax.integrators import AbstractAnyIntegrator
from plugax.testing._checks import CHECKS, checks_for


class EulerMaruyama(px.AbstractStochasticIntegrator):
    """y + f dt + g ΔW as a bare scan."""

    def noise(self, key, n, shape, dtype):
        return jr.normal(jr.fold_in(key, n), shape, dtype)

    def spread(self, dt):
        return jnp.sqrt(dt)

    def times(self, t0, dt, steps, dtype):
        return t0 + dt * jnp.arange(steps).astype(dtype)

    def trajectory(self, drift, diffusion, y0, *, key, dt, steps, every=1, t0=0.0):
        flat, structure = jax.tree.flatten(y0)
        dtype = flat[0].dtype
        dt = jnp.asarray(dt, dtype)

        def times_noise(g, y, key, n):
            if g.ndim == y.ndim:
                return g * self.noise(key, n, y.shape, dtype) * self.spread(dt)
            motions = self.noise(key, n, g.shape[-1:], dtype) * self.spread(dt)
            return jnp.einsum("...m,m->...", g, motions)

        def body(y, now):
            n, t = now
            f, g = (structure.flatten_up_to(of(t, y)) for of in (drift, diffusion))
            new = [
                y + f * dt + times_noise(g, y, jr.fold_in(key, i) if g.ndim == y.ndim else key, n)
                for i, (y, f, g) in enumerate(zip(structure.flatten_up_to(y), f, g, strict=True))
            ]
            y = structure.unflatten(new)
            return y, y

        numbers = jnp.arange(steps), self.times(t0, dt, steps, dtype)
        _, states = jax.lax.scan(body, y0, numbers)
        return jax.tree.map(lambda leaf: leaf[every - 1 :: every], states)


class IgnoresTime(EulerMaruyama):
    def times(self, t0, dt, steps, dtype):
        return jnp.zeros(steps, dtype)


class TooLoud(EulerMaruyama):
    """Takes the standard deviation of an increment for its variance."""

    def spread(self, dt):
        return dt


class Repeats(EulerMaruyama):
    """The same noise in every step."""

    def noise(self, key, n, shape, dtype):
        return super().noise(key, 0, shape, dtype)


class Shifted(EulerMaruyama):
    def noise(self, key, n, shape, dtype):
        return super().noise(key, n, shape, dtype) + 0.2


class Deaf(EulerMaruyama):
    """Has a key of its own."""

    def noise(self, key, n, shape, dtype):
        return super().noise(jr.key(0), n, shape, dtype)


class NewNoise(EulerMaruyama):
    """Another path with another `every`."""

    def trajectory(self, drift, diffusion, y0, *, key, dt, steps, every=1, t0=0.0):
        return super().trajectory(
            drift,
            diffusion,
            y0,
            key=jr.fold_in(key, every),
            dt=dt,
            steps=steps,
            every=every,
            t0=t0,
        )


class KeepsAll(EulerMaruyama):
    def trajectory(self, drift, diffusion, y0, *, key, dt, steps, every=1, t0=0.0):
        return super().trajectory(drift, diffusion, y0, key=key, dt=dt, steps=steps, t0=t0)


class CutsTheGradient(EulerMaruyama):
    """Forgets that the noise depends on the time step."""

    def spread(self, dt):
        return jax.lax.stop_gradient(jnp.sqrt(dt))


class LongNoise(EulerMaruyama):
    def noise(self, key, n, shape, dtype):
        return jr.normal(jr.fold_in(key, n), shape)


@jax.custom_batching.custom_vmap
def leaky(x):
    return x


@leaky.def_vmap
def _leaky_vmap(size, batched, x):
    return jnp.broadcast_to(jnp.mean(x, axis=0, keepdims=True), x.shape), True


class Gossip(EulerMaruyama):
    def noise(self, key, n, shape, dtype):
        return leaky(super().noise(key, n, shape, dtype))


class Prints(EulerMaruyama):
    def noise(self, key, n, shape, dtype):
        jax.debug.callback(lambda n: None, n)
        return super().noise(key, n, shape, dtype)


# check, good, broken, what the message says
TABLE = [
    (testing.check_stochastic_drift, EulerMaruyama, IgnoresTime, "called with the time"),
    (testing.check_stochastic_noise, EulerMaruyama, TooLoud, "diagonal noise .* covariances"),
    (testing.check_stochastic_noise, EulerMaruyama, Repeats, "independent.* covariances"),
    (testing.check_stochastic_noise, EulerMaruyama, Shifted, "Found: means"),
    (testing.check_stochastic_key, EulerMaruyama, Deaf, "one path for two keys"),
    (testing.check_stochastic_every, EulerMaruyama, KeepsAll, r"float64\[6, 3\]"),
    (testing.check_stochastic_every, EulerMaruyama, NewNoise, "and the step's number alone"),
    (testing.check_stochastic_gradient, EulerMaruyama, CutsTheGradient, "a path of 1 steps"),
    (testing.check_stochastic_precision, EulerMaruyama, LongNoise, "float64 switched on"),
    (testing.check_stochastic_vmap_equals_loop, EulerMaruyama, Gossip, "each key alone"),
    (testing.check_stochastic_callbacks, EulerMaruyama, Prints, "callbacks, such as"),
]


def test_a_check_catches_what_is_wrong_and_nothing_else(catches, check, good, broken, message):
    catches(check, good, broken, message)


def test_every_check_of_stochastic_integrators_has_a_row():
    checks = set(CHECKS["integrator"][px.AbstractStochasticIntegrator])
    assert checks == {row[0] for row in TABLE}


def _stochastic() -> EulerMaruyama:
    return EulerMaruyama()


def _ordinary() -> px.AbstractIntegrator:
    return px.integrator("rk4")


@pytest.mark.parametrize(
    ("component", "interface"),
    [
        (EulerMaruyama, px.AbstractStochasticIntegrator),
        (EulerMaruyama(), px.AbstractStochasticIntegrator),
        (_stochastic, px.AbstractStochasticIntegrator),
        (_ordinary, px.AbstractIntegrator),
        (lambda: None, px.AbstractIntegrator),
        (None, px.AbstractIntegrator),
    ],
)
def test_an_integrator_is_held_to_the_laws_of_its_own_kind(component, interface):
    of_all = CHECKS["integrator"][AbstractAnyIntegrator]
    expected = (*of_all, *CHECKS["integrator"][interface])
    assert checks_for("integrator", component) == list(expected)
