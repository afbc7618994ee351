"""Random rotations: orthogonal, mean-preserving, uniform."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from plugax_assimilation.linear_algebra._rotation import reflect, rotation

DRAWS = 4000


def rotations(members, dtype, draws=DRAWS):
    keys = jr.split(jr.key(0), draws)
    return np.asarray(jax.jit(jax.vmap(lambda key: rotation(key, members, dtype)))(keys))


@pytest.mark.parametrize("members", [2, 3, 24])
def test_a_rotation_keeps_mean_and_covariance(members, x64):
    found = rotations(members, jnp.dtype("float64"), 50)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-13)
    identity = np.broadcast_to(np.eye(members), found.shape)
    np.testing.assert_allclose(found @ found.mT, identity, atol=1e-13)


def test_single_precision_stays_single_precision():
    found = rotations(10, jnp.dtype("float32"), 50)
    assert found.dtype == np.float32
    identity = np.broadcast_to(np.eye(10), found.shape)
    np.testing.assert_allclose(found @ found.mT, identity, atol=1e-5)


def test_rotations_are_uniform(x64):
    members = 5
    found = rotations(members, jnp.dtype("float64"))
    # The trace of a uniform orthogonal matrix has mean 0 and variance 1, its determinant either
    # sign as often; the axis of the mean adds 1 to the trace. Standard errors: 1/√draws, of the
    # square about √2 times that.
    trace = np.trace(found, axis1=1, axis2=2) - 1
    error = 1 / np.sqrt(DRAWS)
    assert abs(trace.mean()) < 4 * error
    assert abs(np.mean(trace**2) - 1) < 4 * np.sqrt(2) * error
    assert abs(np.linalg.det(found).mean()) < 4 * error
    # A fixed anomaly is taken to every direction alike: the mean is 0, the covariance I / (N − 1).
    start = np.array([1.0, -1.0, 0, 0, 0]) / np.sqrt(2)
    there = found @ start
    wanted = (np.eye(members) - 1 / members) / (members - 1)
    assert np.abs(there.mean(0)).max() < 4 * error / np.sqrt(members - 1)
    np.testing.assert_allclose(np.cov(there.T), wanted, atol=4 * np.sqrt(2) * error / 4)


def test_the_reflection_is_its_own_inverse_and_empties_the_first_row_of_anomalies(x64):
    rows = jr.normal(jr.key(0), (6, 3))
    np.testing.assert_allclose(reflect(reflect(rows)), rows, atol=1e-14)
    anomalies = rows - jnp.mean(rows, 0)[None]
    np.testing.assert_allclose(reflect(anomalies)[0], 0, atol=1e-14)
