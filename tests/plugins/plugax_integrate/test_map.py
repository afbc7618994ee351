"""Maps: the model itself gives the next state."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px


def logistic(t, x):
    return 3.9 * x * (1 - x)


def test_a_trajectory_is_the_map_applied_again_and_again():
    states = px.integrator("map").trajectory(logistic, 0.2, dt=1.0, steps=6, every=2)
    x, expected = 0.2, []
    for _ in range(6):
        x = logistic(0.0, x)
        expected.append(x)
    # Chaotic: rounding in single precision grows by up to 3.9 a step.
    np.testing.assert_allclose(states, expected[1::2], rtol=1e-4)


def test_the_map_is_called_with_the_time_of_the_step(x64):
    states = px.integrator("map").trajectory(
        lambda t, x: x + t.astype(x.dtype), jnp.zeros(1), dt=0.5, steps=3, t0=10.0
    )
    np.testing.assert_array_equal(states[:, 0], [10.0, 20.5, 31.5])


def test_rematerialising_changes_nothing(x64):
    def last(x, integrator):
        return integrator.trajectory(logistic, x, dt=1.0, steps=5)[-1]

    plain, again = (px.integrator("map", rematerialise=flag) for flag in (False, True))
    assert jax.grad(last)(0.3, plain) == jax.grad(last)(0.3, again)


def test_there_is_nothing_between_two_steps():
    with pytest.raises(px.PlugaxError, match="no states between its steps"):
        px.integrator("map").dense(logistic, 0.2, dt=1.0, steps=2)
    with pytest.raises(px.PlugaxError, match="no states between its steps"):
        px.integrator("map").until(logistic, lambda t, x: x, 0.2, dt=1.0, steps=2)


def test_the_next_state_must_look_like_the_state():
    with pytest.raises(px.PlugaxError, match="must have the shape and dtype"):
        px.integrator("map").trajectory(lambda t, x: x[:1], jnp.zeros(2), dt=1.0, steps=2)
