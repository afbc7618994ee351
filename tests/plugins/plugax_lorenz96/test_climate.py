"""The climates that background errors are taken from, against published figures."""

import jax.numpy as jnp
import numpy as np
import pytest

from plugax_lorenz96._climate import LARGEST_RING, lorenz63_climate, lorenz96_climate

pytestmark = pytest.mark.usefixtures("x64")


def test_lorenz96_has_its_published_mean_and_standard_deviation():
    # Lorenz and Emanuel (1998): 2.34 and 3.64. Sampled are 6400 states of 40 variables; were only
    # every fifth variable independent, the mean would be uncertain by 3.64 / √51 200 = 0.016.
    climate = lorenz96_climate(40, 8.0, 0.05)
    np.testing.assert_allclose(climate.mean, 2.34, atol=0.05)
    np.testing.assert_allclose(climate.covariance.std, 3.64, atol=0.05)


def test_a_long_ring_has_the_covariance_of_a_shorter_one():
    short = np.asarray(lorenz96_climate(LARGEST_RING, 8.0, 0.05).covariance.as_matrix()[0])
    long = lorenz96_climate(4 * LARGEST_RING, 8.0, 0.05).covariance
    found = np.asarray(long.mv(jnp.zeros(long.size).at[0].set(1.0)))
    # Interpolated spectra damp a covariance at distance d by sinc²(d / 160): 1.3 % at 10 variables.
    np.testing.assert_allclose(found[:11], short[:11], atol=0.013 * short[0])
    assert np.abs(found[40 : long.size // 2]).max() < 0.03 * short[0]


def test_the_covariance_of_lorenz96_has_an_inverse():
    covariance = lorenz96_climate(40, 8.0, 0.05).covariance
    x = jnp.asarray(np.random.default_rng(0).standard_normal(40))
    white = covariance.whiten(covariance.root(x))
    np.testing.assert_allclose(white, x, rtol=1e-10)


def test_the_time_step_makes_no_difference_to_speak_of():
    fine, coarse = (lorenz96_climate(40, 8.0, dt).covariance.std for dt in (0.01, 0.05))
    assert fine == coarse  # the same sample: a step of 0.05 does for both


def test_lorenz63_has_its_published_standard_deviations():
    # 7.92, 9.01 and 8.62 about (0, 0, 23.55), as every long run gives. Of 5120 samples those of a
    # run are correlated; were a fifth of them independent, 8 / √1024 = 0.25 would be the error.
    climate = lorenz63_climate(10.0, 28.0, 8 / 3, 0.01)
    np.testing.assert_allclose(climate.mean, [0, 0, 23.55], atol=0.75)
    std = np.sqrt(np.diag(climate.covariance.as_matrix()))
    np.testing.assert_allclose(std, [7.92, 9.01, 8.62], atol=0.3)


def test_where_a_model_rests_there_is_no_climate():
    assert lorenz96_climate(8, 0.5, 0.05) is None
    assert lorenz63_climate(10.0, 0.5, 8 / 3, 0.01) is None
