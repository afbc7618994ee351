"""Gradients where steps are rejected, Newton's method diverges, or a member fails or is done."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

import plugax as px

RATES = (0.04, 1e4, 3e7)
SCHEMES = (
    "implicit-euler",
    "kvaerno5",
    pytest.param("kvaerno3", marks=pytest.mark.slow),
    pytest.param("kvaerno4", marks=pytest.mark.slow),
    pytest.param("adaptive-tsit5", marks=pytest.mark.slow),
    pytest.param("adaptive-dopri8", marks=pytest.mark.slow),
)


def robertson(rates):
    def field(t, y):
        a, b, c = y
        first, second, third = rates[0] * a, rates[1] * b * c, rates[2] * b * b
        return jnp.stack([second - first, first - second - third, third])

    return field


def both_modes(function):
    """The gradient in reverse and in forward mode, and the value, by one program."""

    @jax.jit
    def both(at):
        value, backwards = jax.value_and_grad(function)(at)
        return backwards, jax.jacfwd(function)(at), value

    return both


@pytest.mark.usefixtures("x64")
def test_the_gradient_of_a_stiff_solution_is_the_same_in_both_modes_and_by_differences(stiff):
    integrator = px.integrator(stiff)

    def end(point):
        states = integrator.trajectory(robertson(point[:3]), point[3:], dt=100.0, steps=1)
        return jnp.vdot(jnp.asarray([1.0, 1e4, 2.0]), states[-1])

    point = jnp.asarray([*RATES, 1.0, 1e-5, 0.1])
    both = both_modes(end)
    backwards, forwards, _ = both(point)
    np.testing.assert_allclose(backwards, forwards, rtol=1e-9)
    value = lambda at: both(at)[2]  # noqa: E731
    for i in range(point.size):
        h = 1e-2 * point[i]
        quotient = (value(point.at[i].add(h)) - value(point.at[i].add(-h))) / (2 * h)
        # Differences of values with errors of some 1e-6, over h; and h² of the third derivative.
        size = np.linalg.norm(backwards * point)
        np.testing.assert_allclose(backwards[i] * point[i], quotient * point[i], atol=1e-3 * size)


@pytest.mark.slow
def test_in_single_precision_too():
    integrator = px.integrator("kvaerno5", rtol=1e-4, atol=1e-6)

    def end(rates):
        start = jnp.asarray([1.0, 0.0, 0.0])
        return integrator.trajectory(robertson(rates), start, dt=100.0, steps=1)[-1, 0]

    rates = jnp.asarray(RATES)
    backwards, forwards, _ = both_modes(end)(rates)
    np.testing.assert_allclose(backwards * rates, forwards * rates, rtol=1e-3)
    # In double precision, as found by differences in the test before: −5.116 × 0.04.
    assert backwards[0] * rates[0] == pytest.approx(-0.2047, rel=0.01)


def cubic(rate):
    """y' = k y³, so y = (1/y0² − 2 k t)^{−1/2}."""
    return lambda t, y: rate * y**3


def ends(integrator, rate, y0):
    return integrator.trajectory(cubic(rate), y0, dt=0.3, steps=4)[-1]


def paths(integrator, rate, y0):
    return integrator.dense(cubic(rate), y0, dt=0.3, steps=4)(0.35)


def crossings(integrator, rate, y0):
    crossing = integrator.until(cubic(rate), lambda t, y: rate * y - 0.35, y0, dt=0.3, steps=4)
    return crossing.time + crossing.state


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "of",
    [
        ends,
        pytest.param(paths, marks=pytest.mark.slow),
        pytest.param(crossings, marks=pytest.mark.slow),
    ],
)
def test_a_member_that_fails_has_no_part_in_the_gradient(scheme, of):
    integrator = px.integrator(scheme)
    starts = jnp.asarray([0.4, 0.3, 100.0])  # the last is infinite at once

    def total(rate):
        values = jax.vmap(lambda y0: of(integrator, rate, y0))(starts)
        return jnp.nansum(values), values

    @jax.jit
    def both(rate):
        backwards, values = jax.grad(total, has_aux=True)(rate)
        return backwards, jax.jacfwd(lambda rate: total(rate)[0])(rate), values

    backwards, forwards, values = both(1.1)
    assert np.isnan(values).tolist() == [False, False, True]
    assert np.isfinite(forwards)
    np.testing.assert_allclose(backwards, forwards, rtol=1e-9)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("scheme", ["rk4", "kvaerno5"])
def test_the_slope_of_a_path_is_that_of_the_field_at_its_ends_as_well(scheme):
    path = px.integrator(scheme).dense(lambda t, y: -y * jnp.cos(t), 1.0, dt=0.05, steps=20)
    slope = jax.jit(jax.vmap(jax.grad(path)))
    times = jnp.asarray([0.0, 0.2, 1.0])
    exact = -np.exp(-np.sin(times)) * np.cos(times)
    np.testing.assert_allclose(slope(times), exact, rtol=1e-4)


@pytest.mark.parametrize("scheme", ["rk4", "implicit-euler"])
def test_times_outside_of_a_path_have_no_part_in_the_gradient(scheme):
    integrator = px.integrator(scheme)
    times = jnp.asarray([0.1, 0.3, 7.0])

    def total(rate):
        path = integrator.dense(lambda t, y: -rate * y, 1.0, dt=0.1, steps=4)
        return jnp.nansum(jax.vmap(path)(times))

    backwards, forwards, _ = both_modes(total)(1.0)
    np.testing.assert_allclose(backwards, forwards, rtol=1e-5)
    assert backwards < 0


def reactants(logarithms):
    """What there is of Robertson's reactants at eight times."""
    times = jnp.logspace(-1, 2, 8)
    start = jnp.asarray([1.0, 0.0, 0.0])
    integrator = px.integrator("kvaerno5", rtol=1e-7, atol=1e-10)
    return integrator.at(robertson(jnp.exp(logarithms)), start, times, substeps=10)


class Kinetics(px.AbstractProblem):
    """Find the logarithms of Robertson's rates from the reactants at eight times."""

    truth: Array

    def __init__(self):
        self.truth = jax.jit(reactants)(jnp.log(jnp.asarray(RATES)))

    def init(self, key):
        return jnp.log(jnp.asarray(RATES)) + jnp.asarray([0.3, -0.4, 0.5])

    def loss(self, y, batch, key):
        scale = jnp.asarray([[1.0, 1e-5, 1.0]])
        return jnp.sum(((reactants(y) - self.truth) / scale) ** 2), {}


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_a_stiff_fit_by_bfgs_finds_the_rates():
    solution = px.solve(Kinetics(), "bfgs", steps=60)
    np.testing.assert_allclose(np.exp(solution.unknowns), RATES, rtol=1e-3)
