"""What `NEW_name` promises besides the laws of its kind."""

import jax
import jax.numpy as jnp

from NEW_package.NEW_module import NEW_class


def error(steps):
    """The error of y(1) for dy/dt = y cos t, y(0) = 1, whose solution is exp(sin t)."""
    field = lambda t, y: y * jnp.cos(t)
    scheme = NEW_class()
    states = scheme.trajectory(field, jnp.ones(()), dt=1 / steps, steps=steps)
    return abs(states[-1] - jnp.exp(jnp.sin(1.0)))


def test_its_order_is_three():
    with jax.enable_x64(True):
        # Half the step, an eighth of the error.
        assert 7 < error(20) / error(40) < 9
