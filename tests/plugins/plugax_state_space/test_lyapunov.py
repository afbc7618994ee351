import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_lorenz96 import Lorenz63, Lorenz96
from plugax_state_space._lyapunov import LyapunovExponents, lyapunov_exponents

# A spiral that grows at 0.3, a decay at −1, and a shear between them.
LINEAR = np.asarray([[0.3, 2.0, 1.0], [-2.0, 0.3, 0.0], [0.0, 0.0, -1.0]])


def linear(t, x):
    return jnp.asarray(LINEAR, x.dtype) @ x


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("every", [1, 4])
def test_those_of_a_linear_model_are_the_real_parts_of_its_eigenvalues(every):
    found = lyapunov_exponents(linear, np.ones(3), dt=0.01, steps=4000, spinup=2000, every=every)
    # The two that spiral share their growth in turns; over whole turns (π) the mean is exact, the
    # part of a turn that is left is at most ‖A‖ π / T = 0.2 of 40 time units, seen as 0.02.
    np.testing.assert_allclose(found.exponents, [0.3, 0.3, -1.0], atol=0.03)
    # The trace is the sum at every time, up to the integrator's error of (0.01 ‖A‖)⁴.
    np.testing.assert_allclose(found.exponents.sum(), np.trace(LINEAR), atol=1e-6)
    np.testing.assert_allclose(found.exponents[2], -1.0, atol=1e-6)


@pytest.mark.usefixtures("x64")
def test_a_diagonal_model_gives_its_diagonal():
    rates = np.asarray([0.5, 0.0, -0.25, -2.0])
    found = lyapunov_exponents(
        lambda t, x: {"a": jnp.asarray(rates[:2]) * x["a"], "b": jnp.asarray(rates[2:]) * x["b"]},
        {"a": np.ones(2), "b": np.zeros(2)},
        dt=0.05,
        steps=400,
        spinup=2000,
    )
    # RK4 multiplies by its Taylor series of exp: an error of (2 · 0.05)⁵ / 120 / 0.05.
    np.testing.assert_allclose(found.exponents, rates, atol=2e-6)
    np.testing.assert_allclose(found.dimension, 3 + 0.25 / 2, atol=1e-5)
    np.testing.assert_allclose(found.doubling_time, np.log(2) / 0.5, rtol=1e-5)
    assert np.all(found.standard_errors < 1e-6)


@pytest.mark.usefixtures("x64")
def test_leading_ones_are_those_of_all():
    model, start = Lorenz96(8.0), np.linspace(0, 1, 12)
    whole = lyapunov_exponents(model, start, dt=0.05, steps=1000, every=2)
    three = lyapunov_exponents(model, start, dt=0.05, steps=1000, every=2, count=3)
    assert three.size == 12
    # Chaotic, and started from other directions: as far apart as their standard errors say.
    apart = np.abs(whole.exponents[:3] - three.exponents)
    assert np.all(apart < 4 * np.hypot(whole.standard_errors[:3], three.standard_errors) + 1e-6)
    assert np.isnan(three.dimension)


@pytest.mark.usefixtures("x64")
def test_lorenz63_has_its_published_exponents():
    found = lyapunov_exponents(
        Lorenz63(), np.asarray([1.0, 2.0, 20.0]), dt=0.01, steps=40_000, every=5
    )
    # The divergence is −(σ + 1 + β) everywhere; RK4 keeps it to about (dt ‖∂f‖)⁴ of it.
    np.testing.assert_allclose(found.exponents.sum(), -(10 + 1 + 8 / 3), rtol=1e-4)
    # Sprott 2003: 0.9056, 0, −14.5723; dimension 2.062. Over 400 time units the first is known to
    # 0.01, three of which are allowed.
    np.testing.assert_allclose(found.exponents, [0.9056, 0.0, -14.5723], atol=0.03)
    np.testing.assert_allclose(found.dimension, 2.062, atol=0.003)
    assert found.standard_errors[0] < 0.02


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_lorenz96_has_thirteen_ways_to_grow():
    start = np.full(40, 8.0)
    start[19] += 0.01
    found = lyapunov_exponents(Lorenz96(8.0), start, dt=0.05, steps=18_000, spinup=2000, every=4)
    # Lorenz and Emanuel 1998: 13 positive ones (the least is 0.02 to 0.04), a dimension of 27.1,
    # errors double in 2.1 days (0.42 time units). The sum is the divergence, −40, up to RK4's
    # error.
    assert (found.exponents > 2 * found.standard_errors).sum() == 13
    np.testing.assert_allclose(found.exponents.sum(), -40, rtol=1e-3)
    np.testing.assert_allclose(found.dimension, 27.1, atol=0.3)
    np.testing.assert_allclose(found.doubling_time, 0.42, atol=0.02)


def test_single_precision_gives_the_same():
    found = lyapunov_exponents(Lorenz63(), np.asarray([1.0, 2.0, 20.0]), dt=0.01, steps=10_000)
    np.testing.assert_allclose(found.exponents.sum(), -(10 + 1 + 8 / 3), rtol=1e-3)
    np.testing.assert_allclose(found.exponents[0], 0.906, atol=0.1)


@pytest.mark.parametrize(
    ("exponents", "size", "dimension"),
    [
        ([-1.0, -2.0], 2, 0.0),
        ([1.0, 0.0, -2.0], 3, 2.5),
        ([1.0, -1.0], 2, 2.0),
        ([1.0, -0.5], 3, np.nan),
        ([0.0, -1.0], 2, 1.0),
    ],
)
def test_the_dimension_is_that_of_kaplan_and_yorke(exponents, size, dimension):
    values = np.asarray(exponents)
    found = LyapunovExponents(values, np.zeros_like(values), size)
    np.testing.assert_equal(found.dimension, dimension)


def test_a_stable_model_has_no_doubling_time():
    assert LyapunovExponents(np.asarray([-1.0]), np.zeros(1), 1).doubling_time == np.inf


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 4}, "count must be a whole number, from 1 to 3; got 4"),
        ({"every": 3}, "steps must be a multiple of every; got 10 and 3"),
        ({"spinup": -1}, "spinup must be a whole number, at least 0"),
        ({"dt": 0.0}, "dt must be positive; got 0.0"),
        ({"dt": 3.0}, "did not stay finite"),
    ],
)
def test_what_cannot_be_done_is_said(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        lyapunov_exponents(Lorenz63(), jnp.ones(3), **({"dt": 0.01, "steps": 10} | options))


def test_it_is_compiled_once_whatever_the_number_of_steps():
    calls = []

    def counted(t, x):
        calls.append(None)
        return -x

    for steps in (10, 1000):
        calls.clear()
        lyapunov_exponents(counted, jnp.ones(2), dt=0.01, steps=steps)
        jax.effects_barrier()
        assert len(calls) < 40
