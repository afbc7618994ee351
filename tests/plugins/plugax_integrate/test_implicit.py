"""Implicit fixed steps: their order and gradient, stiffness, invariants, failure as NaN."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

import plugax as px
from plugax import PlugaxError

ORDERS = {"implicit-euler": 1, "implicit-midpoint": 2}


def kepler(t, y):
    """A planet: q'' = −q/|q|³; state (q, p)."""
    q, p = y[:2], y[2:]
    return jnp.concatenate([p, -q / jnp.sum(q * q) ** 1.5])


def energy(y):
    return (y[:, 2] ** 2 + y[:, 3] ** 2) / 2 - 1 / np.hypot(y[:, 0], y[:, 1])


def angular_momentum(y):
    return y[:, 0] * y[:, 3] - y[:, 1] * y[:, 2]


# Eccentricity 0.6, from the closest point; a period is 2π.
PLANET = np.asarray([0.4, 0.0, 0.0, 2.0])


@pytest.mark.usefixtures("x64")
def test_the_error_falls_with_the_order(implicit):
    integrator = px.integrator(implicit)

    def error(steps):
        states = integrator.trajectory(
            lambda t, y: y * jnp.cos(t), 1.0, dt=2 / steps, steps=steps, every=steps
        )
        return abs(states[-1] - np.exp(np.sin(2.0)))

    assert np.log2(error(128) / error(256)) == pytest.approx(ORDERS[implicit], abs=0.1)


@pytest.mark.usefixtures("x64")
def test_a_linear_equation_is_solved_and_differentiated_exactly(implicit):
    # y_n = R(λ dt)^n with R = 1/(1 + x) for Euler's scheme, (1 − x/2)/(1 + x/2) for the midpoint.
    integrator = px.integrator(implicit)
    factor, slope = {
        "implicit-euler": (lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2),
        "implicit-midpoint": (
            lambda x: (1 - x / 2) / (1 + x / 2),
            lambda x: -1 / (1 + x / 2) ** 2,
        ),
    }[implicit]
    for steps in (1, 7, 33):

        @jax.jit
        @jax.value_and_grad
        def end(inputs, steps=steps):
            rate, dt = inputs
            return integrator.trajectory(lambda t, y: -rate * y, 1.0, dt=dt, steps=steps)[-1]

        for dt in (0.05, 0.0625):
            value, (by_rate, by_dt) = end((3.0, dt))
            x = 3.0 * dt
            np.testing.assert_allclose(value, factor(x) ** steps, rtol=1e-13)
            chain = steps * factor(x) ** (steps - 1) * slope(x)
            np.testing.assert_allclose([by_rate, by_dt], [chain * dt, chain * 3.0], rtol=1e-11)


@pytest.mark.usefixtures("x64")
def test_value_and_gradient_are_those_of_diffrax(lorenz96):
    # Diffrax on a clock that counts steps, so that no time is missed by rounding.
    field, state = lorenz96()
    exactly = diffrax.ImplicitEuler(root_finder=optimistix.Newton(rtol=1e-12, atol=1e-12))

    def theirs(x, dt):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda n, y, args: dt * field(n * dt, y)),
            exactly,
            t0=0.0,
            t1=7.0,
            dt0=1.0,
            y0=x,
            saveat=diffrax.SaveAt(t1=True),
            adjoint=diffrax.DirectAdjoint(),
            max_steps=8,
        ).ys[-1]

    def ours(x, dt):
        return px.integrator("implicit-euler").trajectory(field, x, dt=dt, steps=7)[-1]

    weights = jnp.cos(jnp.arange(state.size).astype(state.dtype))
    values = [
        jax.jit(jax.value_and_grad(lambda x, dt, end=end: jnp.vdot(weights, end(x, dt)), (0, 1)))
        for end in (ours, theirs)
    ]
    for dt in (0.05, 0.0625):
        for a, b in zip(*(jax.tree.leaves(value(state, dt)) for value in values), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("x64")
def test_euler_s_scheme_lets_what_is_fast_die_out_at_any_step():
    # Prothero and Robinson's problem, with λ dt = 1e5: 1/λ is left of the error of a step.
    rate = 1e6
    states = px.integrator("implicit-euler").trajectory(
        lambda t, y: -rate * (y - jnp.cos(t)) - jnp.sin(t), 0.0, dt=0.1, steps=20
    )
    np.testing.assert_allclose(states, np.cos(0.1 * np.arange(1, 21)), atol=2e-5)


@pytest.mark.usefixtures("x64")
def test_the_midpoint_rule_keeps_quadratic_invariants():
    q, p = px.integrator("implicit-midpoint").trajectory(
        lambda t, y: (y[1], -y[0]), (jnp.ones(()), jnp.zeros(())), dt=0.3, steps=1000, every=100
    )
    np.testing.assert_allclose(q**2 + p**2, 1, rtol=1e-12)  # a thousand roundings
    orbit = px.integrator("implicit-midpoint").trajectory(
        kepler, jnp.asarray(PLANET), dt=0.02, steps=4000, every=40
    )
    np.testing.assert_allclose(angular_momentum(orbit), 0.8, rtol=1e-11)
    # Symplectic: the energy swings, by O(dt²), and does not drift over a dozen periods.
    off = np.abs(energy(orbit) + 0.5)
    assert off.max() < 0.02
    assert off[-20:].max() < 1.5 * off[:20].max()


@pytest.mark.usefixtures("x64")
def test_where_newton_s_method_finds_nothing_all_is_nan():
    # z = y + dt z² has no real root for 4 dt y > 1.
    states = px.integrator("implicit-euler").trajectory(lambda t, y: y * y, 1.0, dt=0.2, steps=4)
    roots = [(1 - np.sqrt(1 - 0.8)) / 0.4]
    np.testing.assert_allclose(states[0], roots[0], rtol=1e-12)
    assert jnp.all(jnp.isnan(states[1:]))


@pytest.mark.usefixtures("x64")
def test_rematerialising_changes_nothing(implicit, lorenz96):
    field, state = lorenz96()

    def gradient(x, rematerialise):
        integrator = px.integrator(implicit, rematerialise=rematerialise)
        loss = lambda x: jnp.sum(  # noqa: E731
            integrator.trajectory(field, x, dt=0.05, steps=6) ** 2
        )
        return jax.grad(loss)(x)

    compiled = jax.jit(gradient, static_argnums=1)
    gradients = [compiled(state, flag) for flag in (False, True)]
    np.testing.assert_allclose(*gradients, rtol=1e-12)


def test_states_are_real(implicit):
    with pytest.raises(PlugaxError, match=r"take real states; got a complex one.*'rk4'"):
        px.integrator(implicit).trajectory(lambda t, y: y, 1j, dt=0.1, steps=1)
