import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from plugax_lorenz96 import Lorenz63, Lorenz96, TwoScaleLorenz96

# Sums of 40 terms of size 100, each rounded to 16 digits.
EXACT = {"rtol": 1e-12, "atol": 1e-10}


@pytest.fixture(params=[4, 5, 40, 1001])
def state(request, x64):
    return 3 + 4 * jr.normal(jr.key(request.param), (request.param,), "float64")


def test_lorenz96_follows_its_equation_index_by_index(state):
    n = state.shape[0]
    expected = [
        (state[(i + 1) % n] - state[i - 2]) * state[i - 1] - state[i] + 8 for i in range(min(n, 40))
    ]
    found = Lorenz96()(0.0, state)[: len(expected)]
    np.testing.assert_allclose(found, expected, **EXACT)


def test_lorenz96_is_at_rest_where_every_variable_equals_the_forcing(state):
    model = Lorenz96(forcing=6.5)
    np.testing.assert_array_equal(model(0.0, jnp.full_like(state, 6.5)), jnp.zeros_like(state))


def test_lorenz96_changes_energy_by_damping_and_forcing_only(state):
    found = jnp.vdot(state, Lorenz96(forcing=8.0)(0.0, state))
    np.testing.assert_allclose(found, -jnp.sum(state**2) + 8 * jnp.sum(state), rtol=1e-11)


@pytest.mark.parametrize("shift", [1, 2, 3, -1])
def test_lorenz96_looks_the_same_from_every_variable(state, shift):
    model = Lorenz96()
    shifted = model(0.0, jnp.roll(state, shift))
    np.testing.assert_array_equal(shifted, jnp.roll(model(0.0, state), shift))


def test_lorenz96_takes_one_forcing_a_variable(state):
    forcing = jnp.arange(state.shape[0]).astype(state.dtype)
    difference = Lorenz96(forcing)(0.0, state) - Lorenz96(0.0)(0.0, state)
    np.testing.assert_allclose(difference, forcing, **EXACT)


def test_lorenz96_refuses_fewer_than_four_variables():
    with pytest.raises(ValueError, match="at least 4 variables; got 3"):
        Lorenz96()(0.0, jnp.ones(3))


@pytest.mark.usefixtures("x64")
def test_lorenz96_errors_double_in_about_two_days(integrator):
    # Lorenz (1996) gives 2.1 days, 0.42 time units, for small errors in the mean.
    truth = integrator.trajectory(Lorenz96(), 8 + jr.normal(jr.key(0), (40,)), dt=0.05, steps=4000)
    starts = truth[1000::60]
    errors = 1e-6 * jr.normal(jr.key(1), starts.shape)
    run = jax.vmap(lambda x: integrator.trajectory(Lorenz96(), x, dt=0.05, steps=100))
    # The first time units turn random errors into growing ones; growth is measured after them.
    norm = jnp.linalg.norm(run(starts + errors) - run(starts), axis=2)
    growth = jnp.mean(jnp.log2(norm[:, -1] / norm[:, 39])) / (60 * 0.05)
    assert 0.36 < 1 / growth < 0.50


def test_parameters_can_be_differentiated_and_vmapped(state):
    gradient = jax.grad(lambda model: jnp.sum(model(0.0, state)))(Lorenz96())
    np.testing.assert_allclose(gradient.forcing, state.shape[0])
    forcings = jnp.linspace(4.0, 12.0, 3)
    together = jax.vmap(lambda f: Lorenz96(f)(0.0, state))(forcings)
    np.testing.assert_array_equal(together[2], Lorenz96(forcings[2])(0.0, state))


@pytest.mark.usefixtures("x64")
def test_lorenz63_is_at_rest_at_its_three_fixed_points():
    model = Lorenz63(sigma=10.0, rho=28.0, beta=8 / 3)
    c = np.sqrt(8 / 3 * 27)
    for point in ([0.0, 0.0, 0.0], [c, c, 27.0], [-c, -c, 27.0]):
        np.testing.assert_allclose(model(0.0, jnp.asarray(point)), 0, atol=1e-13)


@pytest.mark.usefixtures("x64")
def test_lorenz63_contracts_volume_at_a_constant_rate():
    # div f = −(σ + 1 + β) everywhere (Lorenz 1963, section 6).
    model = Lorenz63()
    jacobian = jax.jacfwd(lambda x: model(0.0, x))(jnp.asarray([1.0, -2.0, 20.0]))
    np.testing.assert_allclose(jnp.trace(jacobian), -(10 + 1 + 8 / 3), rtol=1e-14)


@pytest.fixture
def two_scale(x64):
    model = TwoScaleLorenz96(
        forcing=10.0, coupling=0.7, amplitude_ratio=9.0, time_ratio=11.0, fast=3
    )
    return model, jr.normal(jr.key(0), (6 * (1 + 3),))


def test_two_scale_follows_its_equations_index_by_index(two_scale):
    model, state = two_scale
    h, b, c, K, J = 0.7, 9.0, 11.0, 6, 3
    x, y = np.asarray(state[:K]), np.asarray(state[K:])
    slow = [
        (x[(k + 1) % K] - x[k - 2]) * x[k - 1] - x[k] + 10 - h * c / b * y[J * k : J * k + J].sum()
        for k in range(K)
    ]
    fast = [
        -c * b * y[(i + 1) % (K * J)] * (y[(i + 2) % (K * J)] - y[i - 1])
        - c * y[i]
        + h * c / b * x[i // J]
        for i in range(K * J)
    ]
    np.testing.assert_allclose(model(0.0, state), np.concatenate([slow, fast]), **EXACT)


def test_two_scale_coupling_only_moves_energy(two_scale):
    model, state = two_scale
    slow, fast = model.split(state)
    expected = -jnp.sum(slow**2) - 11 * jnp.sum(fast**2) + 10 * jnp.sum(slow)
    np.testing.assert_allclose(jnp.vdot(state, model(0.0, state)), expected, rtol=1e-12)


def test_two_scale_without_coupling_is_lorenz96(two_scale):
    _, state = two_scale
    model = TwoScaleLorenz96(coupling=0.0, fast=3)
    np.testing.assert_allclose(
        model.split(model(0.0, state))[0], Lorenz96(10.0)(0.0, state[:6]), **EXACT
    )


def test_two_scale_join_undoes_split(two_scale):
    model, state = two_scale
    np.testing.assert_array_equal(model.join(*model.split(state)), state)


def test_two_scale_refuses_a_state_it_cannot_split():
    with pytest.raises(ValueError, match="K at least 4; got 45"):
        TwoScaleLorenz96(fast=10)(0.0, jnp.ones(45))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("model", "size"), [(Lorenz96(), 8), (Lorenz63(), 3), (TwoScaleLorenz96(), 44)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tendencies_have_the_type_of_the_state(model, size, dtype):
    assert model(0.0, jnp.ones(size, dtype)).dtype == dtype
