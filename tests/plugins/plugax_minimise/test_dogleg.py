"""Powell's path: its ends, its bend, and what it promises."""

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from plugax_minimise._dogleg import dogleg_step
from plugax_minimise._trust_region import bounded_step

pytestmark = pytest.mark.usefixtures("x64")


def pieces(seed, size=5):
    keys = jr.split(jr.key(seed), 3)
    factor = jnp.triu(jr.normal(keys[0], (size, size))) + 2 * jnp.eye(size)
    return factor, jr.normal(keys[1], (size,)), 1 + jr.uniform(keys[2], (size,))


def step(method, seed, radius):
    return method(*pieces(seed), jnp.asarray(radius), jnp.asarray(0.0))


@pytest.mark.parametrize("seed", range(3))
def test_a_wide_radius_leaves_the_full_step(seed):
    found = step(dogleg_step, seed, 1e3)
    factor, projection, _ = pieces(seed)
    np.testing.assert_allclose(factor @ found.step, -projection, rtol=1e-10)
    np.testing.assert_allclose(found.promised, projection @ projection / 2, rtol=1e-10)
    assert not found.bound


def test_a_very_narrow_one_leaves_the_steepest_descent():
    found = step(dogleg_step, 0, 1e-6)
    factor, projection, weights = pieces(0)
    steepest = -(factor.T @ projection) / weights
    np.testing.assert_allclose(
        weights * found.step, 1e-6 * steepest / jnp.linalg.norm(steepest), rtol=1e-10
    )


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
def test_it_ends_at_the_radius_and_promises_nearly_what_the_best_step_does(part):
    radius = part * float(step(dogleg_step, 1, 1e3).length)
    found, best = step(dogleg_step, 1, radius), step(bounded_step, 1, radius)
    factor, projection, weights = pieces(1)
    assert found.bound
    np.testing.assert_allclose(jnp.linalg.norm(weights * found.step), radius, rtol=1e-10)
    after = factor @ found.step + projection
    np.testing.assert_allclose(
        found.promised, (projection @ projection - after @ after) / 2, rtol=1e-10
    )
    np.testing.assert_allclose(found.slope, -projection @ (factor @ found.step), rtol=1e-10)
    # The best step may exceed the radius by a tenth.
    assert 0.7 * best.promised <= found.promised <= 1.001 * best.promised * 1.1


def test_what_it_promises_grows_with_the_radius():
    promised = [float(step(dogleg_step, 2, radius).promised) for radius in np.geomspace(0.01, 3, 9)]
    assert np.all(np.diff(promised) >= 0)
