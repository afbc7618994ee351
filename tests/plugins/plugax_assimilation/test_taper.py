"""The taper of Gaspari and Cohn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plugax_assimilation.ensemble._taper import HALF_WIDTH, gaspari_cohn
from plugax_assimilation.linear_algebra._inverse_root import SMALL, apply_inverse_root


def test_the_taper_has_the_values_of_its_equation(x64):
    z = jnp.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, jnp.inf])
    # By hand from eq. 4.10: at ½ 1 − 5/12 + 5/64 + 1/32 − 1/128, at 1 5/24, at 3/2 from the outer
    # branch.
    expected = [1, 0.684895833333, 5 / 24, 0.016493055556, 0, 0, 0]
    np.testing.assert_allclose(gaspari_cohn(z), expected, atol=1e-12)


@pytest.mark.parametrize("knot", [1.0, 2.0])
def test_the_taper_is_twice_continuously_differentiable(x64, knot):
    slope, curvature = jax.grad(gaspari_cohn), jax.grad(jax.grad(gaspari_cohn))
    for function in (gaspari_cohn, slope, curvature):
        before, after = (function(jnp.asarray(knot + side)) for side in (-1e-7, 1e-7))
        assert float(jnp.abs(before - after)) < 1e-5  # third derivatives are of the order of ten


@pytest.mark.parametrize("half_width", [0.7, 3.0, 9.0])
def test_the_taper_of_points_on_a_line_is_a_correlation(x64, half_width):
    x = jnp.arange(60.0)
    matrix = gaspari_cohn(jnp.abs(x[:, None] - x[None, :]) / half_width)
    assert float(jnp.linalg.eigvalsh(matrix)[0]) > -1e-13


def test_the_taper_is_never_negative_and_falls(x64):
    values = gaspari_cohn(jnp.linspace(0.0, 3.0, 3001))
    assert float(jnp.min(values)) == 0
    assert float(jnp.max(jnp.diff(values))) <= 1e-15


def test_the_half_width_makes_the_taper_close_to_a_gaussian_of_the_radius(x64):
    distance = jnp.linspace(0.0, 4.0, 401)
    difference = gaspari_cohn(distance / HALF_WIDTH) - jnp.exp(-(distance**2) / 2)
    assert float(jnp.max(jnp.abs(difference))) < 0.04


def symmetric(size, scale, batch=6):
    rows = jax.random.normal(jax.random.key(0), (batch, size, 2 * size)) * scale
    rows = rows - jnp.mean(rows, 1, keepdims=True)
    return rows @ rows.mT + jnp.eye(size)[None]


@pytest.mark.parametrize("size", [2, SMALL, SMALL + 1])
@pytest.mark.parametrize("scale", [0.0, 0.05, 1.0, 20.0])
def test_the_inverse_root_is_that_by_eigenvectors(x64, size, scale):
    matrices = symmetric(size, scale)
    vectors = jax.random.normal(jax.random.key(1), (6, size, 2))
    values, axes = jnp.linalg.eigh(matrices)
    expected = axes @ ((axes.mT @ vectors) / jnp.sqrt(values)[:, :, None])
    # Either way rounding acts on M, of which it changes the part 1e-16: condition × precision.
    tolerance = 1e-14 * float(jnp.max(values))
    found = jax.jit(apply_inverse_root)(matrices, vectors)
    np.testing.assert_allclose(found, expected, atol=tolerance)


@pytest.mark.parametrize("size", [5, SMALL + 3])
def test_the_inverse_root_keeps_the_mean_of_anomalies(x64, size):
    ones = jnp.ones((6, size, 1))
    found = jax.jit(apply_inverse_root)(symmetric(size, 0.5), ones)
    np.testing.assert_allclose(found, ones, atol=1e-12)


@pytest.mark.parametrize("size", [5, SMALL + 3])
def test_the_inverse_root_of_one_matrix_does_not_depend_on_the_others(x64, size):
    matrices = symmetric(size, 0.3)
    vectors = jax.random.normal(jax.random.key(1), (6, size, 2))
    function = jax.jit(apply_inverse_root)
    beside = function(matrices.at[3].multiply(1e4), vectors)
    kept = np.arange(6) != 3
    np.testing.assert_array_equal(beside[kept], function(matrices, vectors)[kept])
