"""Equations with known solutions, a nonlinear one, and the names under test."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

ORDERS = {
    "euler": 1,
    "heun": 2,
    "midpoint": 2,
    "ralston": 2,
    "bosh3": 3,
    "rk4": 4,
    "tsit5": 5,
    "dopri5": 5,
    "dopri8": 8,
}
FIXED = tuple(ORDERS)
IMPLICIT = ("implicit-euler", "implicit-midpoint")
STIFF = ("kvaerno3", "kvaerno4", "kvaerno5")
ADAPTIVE = ("adaptive-tsit5", "adaptive-dopri5", "adaptive-dopri8", *STIFF)
# Those that differ from another one in their coefficients alone: of the quick tests some hold their
# orders and gradients against them, and leave the rest to the long run.
LIKE_ANOTHER = (
    *("heun", "midpoint", "ralston", "bosh3", "dopri5"),
    *("adaptive-dopri5", "adaptive-dopri8", "kvaerno3", "kvaerno4"),
)
MAPS = ("map",)
STOCHASTIC = ("euler-maruyama", "milstein", "stochastic-heun")


def pytest_generate_tests(metafunc):
    """Each argument runs over the integrators of its kind; `name` over all but stochastic ones.

    `explicit` is `fixed` for laws in which coefficients have no part.
    """
    kinds = {
        "fixed": FIXED,
        "explicit": FIXED,
        "implicit": IMPLICIT,
        "adaptive": ADAPTIVE,
        "stiff": STIFF,
        "stochastic": STOCHASTIC,
        "name": FIXED + IMPLICIT + ADAPTIVE,
        "registered": FIXED + IMPLICIT + ADAPTIVE + MAPS + STOCHASTIC,
    }
    for argument, names in kinds.items():
        if argument in metafunc.fixturenames:
            several = argument in ("adaptive", "stiff", "name", "explicit")
            metafunc.parametrize(argument, [_marked(n) if several else n for n in names])


def _marked(name):
    return pytest.param(name, marks=pytest.mark.slow) if name in LIKE_ANOTHER else name


@pytest.fixture
def names():
    """All that is tested here."""
    return FIXED + IMPLICIT + ADAPTIVE + MAPS + STOCHASTIC


class Lorenz96(eqx.Module):
    """dx_i/dt = (x_{i+1} − x_{i−2}) x_{i−1} − x_i + F (1 + sin t)."""

    forcing: Array

    def __call__(self, t, x):
        drive = self.forcing * (1 + jnp.sin(t))
        return (jnp.roll(x, -1) - jnp.roll(x, 2)) * jnp.roll(x, 1) - x + drive


@pytest.fixture
def lorenz96():
    """The field, and a state of eight variables."""

    def make(dtype=None):
        dtype = jnp.result_type(float) if dtype is None else dtype
        state = 2 + jnp.sin(3 * jnp.arange(8).astype(dtype))
        return Lorenz96(jnp.asarray(3.0, dtype)), state

    return make


@pytest.fixture
def plain():
    """The same in NumPy and loops, of real or complex numbers: the trajectory of a tableau."""

    def field(t, x, forcing):
        drive = forcing * (1 + np.sin(t))
        return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + drive

    def trajectory(tableau, x, forcing, dt, steps):
        states = []
        for n in range(steps):
            ks = []
            for row, c in zip(tableau.a, tableau.c, strict=True):
                stage = x + dt * sum(a * k for a, k in zip(row, ks, strict=True))
                ks.append(field((n + c) * dt, stage, forcing))
            x = x + dt * sum(b * k for b, k in zip(tableau.b, ks, strict=True))
            states.append(x)
        return np.stack(states)

    return trajectory
