import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_lorenz96 import RingCovariance

pytestmark = pytest.mark.usefixtures("x64")
# Short rings are matrices, long ones are transformed.
SIZES = pytest.mark.parametrize("size", [12, 13, 140, 141])


@SIZES
@pytest.mark.parametrize("length", [0.05, 0.5, 1.7, 4.0])
def test_gaussian_correlation_is_what_it_promises(size, length):
    distance = np.arange(size)[:, None] - np.arange(size)[None, :]
    windings = size * np.arange(-6, 7)
    expected = np.exp(-((distance[:, :, None] + windings) ** 2) / (2 * length**2)).sum(2)
    expected = 4 * expected / expected[0, 0]  # variance 2² whatever the windings add
    found = RingCovariance.gaussian(2.0, length, size).as_matrix()
    # Aliases beyond the twentieth are left out: 3e-9 at the shortest length.
    np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize(
    "size", [12, 141, *(pytest.param(n, marks=pytest.mark.slow) for n in (13, 140))]
)
def test_climatological_covariance_is_that_of_its_states(size):
    truth = RingCovariance.gaussian(3.0, 1.5, size)
    states = 5 + jax.vmap(truth.root)(jr.normal(jr.key(0), (20_000, size)))
    found = RingCovariance.climatological(1.0, states).as_matrix()
    np.testing.assert_allclose(jnp.diag(found), 1, rtol=1e-12)
    # 20 000 states: each correlation is uncertain by about 1 / √20 000 = 0.007.
    np.testing.assert_allclose(found, truth.as_matrix() / 9, atol=0.03)
    # Without a σ of one's own it is that of the states: exactly so, averaged over the ring.
    covariance = RingCovariance.climatological(None, states)
    np.testing.assert_allclose(covariance.std, states.std(), rtol=1e-12)


@SIZES
def test_it_is_a_covariance(size):
    covariance = RingCovariance.gaussian(2.0, 1.2, size)
    matrix = covariance.as_matrix()
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-14)
    root = jax.jacfwd(covariance.root)(jnp.zeros(size))
    np.testing.assert_allclose(root @ root.T, matrix, atol=1e-14)
    x = jr.normal(jr.key(1), (size,))
    np.testing.assert_allclose(covariance.mv(x), matrix @ x, atol=1e-13)
    np.testing.assert_allclose(covariance.root_transposed(x), root.T @ x, atol=1e-13)
    white = covariance.whiten(x)
    np.testing.assert_allclose(white @ white, x @ jnp.linalg.solve(matrix, x), rtol=1e-10)


def test_it_looks_the_same_from_every_variable():
    covariance = RingCovariance(1.5, jnp.arange(1.0, 6.0), 9)
    x = jr.normal(jr.key(0), (9,))
    turned = covariance.mv(jnp.roll(x, 4))
    np.testing.assert_allclose(turned, jnp.roll(covariance.mv(x), 4), atol=1e-14)


def test_a_spectrum_counts_up_to_a_factor():
    spectrum = jnp.asarray([3.0, 1.0, 2.0, 0.5])
    one, other = RingCovariance(2.0, spectrum, 6), RingCovariance(2.0, 7 * spectrum, 6)
    np.testing.assert_allclose(one.amplitudes, other.amplitudes, rtol=1e-15)
    np.testing.assert_allclose(jnp.diag(one.as_matrix()), 4.0, rtol=1e-14)


def test_without_an_inverse_nothing_is_whitened():
    singular = RingCovariance(1.0, jnp.asarray([1.0, 1.0, 0.0]), 4)
    np.testing.assert_allclose(singular.root(jnp.ones(4)).shape, (4,))
    with pytest.raises(px.PlugaxError, match="no inverse: its spectrum is 0"):
        singular.whiten(jnp.ones(4))
    # Here it is positive, yet far below what float64 resolves beside the largest.
    with pytest.raises(px.PlugaxError, match="no inverse"):
        RingCovariance.gaussian(1.0, 4.0, 12).whiten(jnp.ones(12))


def test_it_can_be_made_inside_a_population():
    x = jnp.arange(8.0)

    def product(length):
        return RingCovariance.gaussian(1.0, length, 8).mv(x)

    together = jax.vmap(product)(jnp.asarray([0.5, 1.0]))
    np.testing.assert_allclose(together[1], product(1.0), rtol=1e-13)


WRONG = [
    ((0.0, [1.0, 1.0, 1.0], 4), "std must be positive"),
    ((1.0, [1.0, 1.0], 4), "4 variables has 3 wavenumbers; got the shape"),
    ((1.0, [1.0, -1.0, 1.0], 4), "nowhere be negative"),
    ((1.0, [1.0, np.nan, 1.0], 4), "nowhere be negative or NaN"),
    ((1.0, [0.0, 0.0, 0.0], 4), "somewhere positive"),
]


@pytest.mark.parametrize(("parts", "message"), WRONG)
def test_parts_that_do_not_fit_are_refused(parts, message):
    std, spectrum, size = parts
    with pytest.raises(px.PlugaxError, match=message):
        RingCovariance(std, jnp.asarray(spectrum), size)


def test_single_precision_stays_single():
    covariance = RingCovariance.gaussian(1.0, 1.0, 8)
    x = jnp.ones(8, "float32")
    for found in (covariance.root(x), covariance.whiten(x), covariance.mv(x)):
        assert found.dtype == "float32"
