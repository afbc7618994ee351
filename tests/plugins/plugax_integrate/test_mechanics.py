"""Oscillators and planets: exact solutions, and what is to be conserved."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px

ORDERS = {"implicit-euler": 1, "implicit-midpoint": 2}


@pytest.mark.usefixtures("x64")
def test_an_oscillator_swings_as_sine_and_cosine(name):
    dt, steps = 0.05, 126
    q, p = px.integrator(name).trajectory(
        lambda t, y: (y[1], -y[0]), (jnp.ones(()), jnp.zeros(())), dt=dt, steps=steps, every=42
    )
    times = dt * np.arange(42, steps + 1, 42)
    error = np.hypot(q - np.cos(times), p + np.sin(times)).max()
    integrator = px.integrator(name)
    if hasattr(integrator, "rtol"):
        assert (
            error < 100 * integrator.rtol
        )  # an error of a tolerance in each of some tens of steps
    else:
        order = ORDERS.get(name) or integrator.tableau.order
        # Each step leaves out the term dtᵖ⁺¹/(p + 1)! of the exponential series, or part of it.
        assert error < 1.5 * times[-1] * dt**order / math.factorial(order + 1) + 1e-13


def kepler(t, y):
    """A planet: q'' = −q/|q|³; state (q, p)."""
    q, p = y[:2], y[2:]
    return jnp.concatenate([p, -q / jnp.sum(q * q) ** 1.5])


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("of", "options", "steps", "error"),
    [
        # Steps of a 400th of the period are a 60th of the passage of the sun: 60⁻⁴ and 60⁻⁸.
        ("rk4", {}, 400, 1e-3),
        ("dopri8", {}, 400, 1e-9),
        ("adaptive-tsit5", {"rtol": 1e-9, "atol": 1e-9}, 4, 1e-6),
        pytest.param(
            *("adaptive-dopri8", {"rtol": 1e-10, "atol": 1e-10}, 4, 1e-7), marks=pytest.mark.slow
        ),
    ],
)
def test_a_planet_comes_back_after_a_period_with_its_energy(of, options, steps, error):
    # Half axis 1 and eccentricity 0.6, from the point next to the sun: a period is 2π.
    start = np.asarray([0.4, 0.0, 0.0, 2.0])
    orbit = px.integrator(of, **options).trajectory(
        kepler, jnp.asarray(start), dt=2 * np.pi / steps, steps=steps
    )
    np.testing.assert_allclose(orbit[-1], start, atol=10 * error)
    energy = (orbit[:, 2] ** 2 + orbit[:, 3] ** 2) / 2 - 1 / np.hypot(orbit[:, 0], orbit[:, 1])
    momentum = orbit[:, 0] * orbit[:, 3] - orbit[:, 1] * orbit[:, 2]
    np.testing.assert_allclose(energy, -0.5, atol=error)
    np.testing.assert_allclose(momentum, 0.8, atol=error)
