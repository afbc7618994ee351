import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from plugax_lorenz96 import DiagonalRoot, MatrixRoot, RingRoot

pytestmark = pytest.mark.usefixtures("x64")


def covariance(root, size):
    matrix = jax.jacfwd(root)(jnp.zeros(size))
    return matrix @ matrix.T


def test_diagonal_root_gives_a_variance_to_each_variable():
    std = jnp.asarray([1.0, 2.0, 3.0])
    np.testing.assert_allclose(covariance(DiagonalRoot(std), 3), jnp.diag(std**2))
    np.testing.assert_allclose(covariance(DiagonalRoot(2.0), 3), 4 * jnp.eye(3))


def test_matrix_root_may_have_fewer_columns_than_rows():
    matrix = jr.normal(jr.key(0), (5, 2))
    np.testing.assert_allclose(covariance(MatrixRoot(matrix), 2), matrix @ matrix.T, atol=1e-15)


@pytest.mark.parametrize("size", [12, 13])
@pytest.mark.parametrize("length", [0.05, 0.5, 1.7, 4.0])
def test_gaussian_ring_root_gives_the_correlation_it_promises(size, length):
    distance = np.arange(size)[:, None] - np.arange(size)[None, :]
    windings = size * np.arange(-6, 7)
    expected = np.exp(-((distance[:, :, None] + windings) ** 2) / (2 * length**2)).sum(2)
    expected = 4 * expected / expected[0, 0]  # variance 2² whatever the windings add
    found = covariance(RingRoot.gaussian(2.0, length, size), size)
    # Aliases beyond the twentieth are left out: 3e-9 at the shortest length.
    np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize("size", [12, 13])
def test_climatological_ring_root_recovers_the_correlation_of_its_states(size):
    truth = RingRoot.gaussian(3.0, 1.5, size)
    states = 5 + jax.vmap(truth)(jr.normal(jr.key(0), (20_000, size)))
    found = covariance(RingRoot.climatological(1.0, states), size)
    np.testing.assert_allclose(jnp.diag(found), 1, rtol=1e-12)
    # 20 000 states: each correlation is uncertain by about 1 / √20 000 = 0.007.
    np.testing.assert_allclose(found, covariance(truth, size) / 9, atol=0.03)


@pytest.mark.parametrize(
    "root",
    [DiagonalRoot(2.0), MatrixRoot(np.eye(8)), RingRoot.gaussian(1.0, 2.0, 8)],
)
def test_roots_keep_single_precision(root):
    assert root(jnp.ones(8, "float32")).dtype == "float32"
