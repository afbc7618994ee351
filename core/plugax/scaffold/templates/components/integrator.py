"""The integrator `NEW_name`: a Runge–Kutta scheme of order 3."""

import jax
import jax.numpy as jnp
from plugax import AbstractIntegrator


class NEW_class(AbstractIntegrator):
    """The strong-stability-preserving scheme of order 3, with E(t, y) = y + dt f(t, y).

    y₁ = E(t, y),  y₂ = ¾ y + ¼ E(t + dt, y₁),  y ← ⅓ y + ⅔ E(t + ½ dt, y₂)

    Source: Shu and Osher 1988, doi 10.1016/0021-9991(88)90177-5.
    """

    def trajectory(self, field, y0, *, dt, steps, every=1, t0=0.0):
        dtype = jnp.result_type(*jax.tree.leaves(y0))
        dt = jnp.asarray(dt, dtype)
        times = jnp.asarray(t0, dtype) + dt * jnp.arange(steps).astype(dtype)

        def mix(weight, y, t, ahead):
            euler = jax.tree.map(lambda a, slope: a + dt * slope, ahead, field(t, ahead))
            return jax.tree.map(lambda a, b: weight * a + (1 - weight) * b, y, euler)

        def step(y, t):
            first = mix(0.0, y, t, y)
            second = mix(3 / 4, y, t + dt, first)
            return mix(1 / 3, y, t + dt / 2, second), None

        def keep(y, some_times):
            y, _ = jax.lax.scan(step, y, some_times)
            return y, y

        return jax.lax.scan(keep, y0, times.reshape(-1, every))[1]
