"""The step within a radius, against what defines it."""

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_minimise._trust_region import bounded_step

pytestmark = pytest.mark.usefixtures("x64")


def pieces(seed, size=5):
    keys = jr.split(jr.key(seed), 3)
    factor = jnp.triu(jr.normal(keys[0], (size, size))) + 2 * jnp.eye(size)
    return factor, jr.normal(keys[1], (size,)), 1 + jr.uniform(keys[2], (size,))


@pytest.mark.parametrize("seed", range(3))
def test_a_wide_radius_leaves_the_full_step(seed):
    factor, projection, weights = pieces(seed)
    found = bounded_step(factor, projection, weights, jnp.asarray(1e3), jnp.asarray(0.0))
    np.testing.assert_allclose(factor @ found.step, -projection, rtol=1e-10)
    assert found.damping == 0
    np.testing.assert_allclose(found.promised, projection @ projection / 2, rtol=1e-10)


@pytest.mark.parametrize("guess", [0.0, 1.0, 1e6])
@pytest.mark.parametrize("radius", [1e-6, 1e-2, 0.3])
def test_a_narrow_one_binds_and_the_step_is_the_damped_one(radius, guess):
    factor, projection, weights = pieces(0)
    found = bounded_step(factor, projection, weights, jnp.asarray(radius), jnp.asarray(guess))
    # Up to a tenth, as Moré has it.
    np.testing.assert_allclose(found.length, radius, rtol=0.1)
    normal = factor.T @ factor + found.damping * jnp.diag(weights**2)
    np.testing.assert_allclose(normal @ found.step, -factor.T @ projection, rtol=1e-9)


def test_the_promise_and_the_slope_are_those_of_the_linear_model():
    factor, projection, weights = pieces(1)
    found = bounded_step(factor, projection, weights, jnp.asarray(0.2), jnp.asarray(0.0))
    after = factor @ found.step + projection
    np.testing.assert_allclose(
        found.promised, (projection @ projection - after @ after) / 2, rtol=1e-10
    )
    np.testing.assert_allclose(found.slope, -projection @ (factor @ found.step), rtol=1e-10)


def test_a_small_first_radius_costs_steps_but_not_the_answer(rosenbrock):
    wide = px.solve(rosenbrock(2), "levenberg-marquardt")
    narrow = px.solve(rosenbrock(2), "levenberg-marquardt", radius=1e-4)
    assert narrow.steps > wide.steps
    np.testing.assert_allclose(narrow.unknowns, wide.unknowns, rtol=1e-7)
