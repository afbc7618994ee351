"""Kværnø's schemes: their orders, and problems with published solutions that only they can do."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_integrate._esdirk import KVAERNO3, KVAERNO4, KVAERNO5, Esdirk

RATE = 1e6


def prothero_robinson(t, y):
    """y' = −λ (y − cos t) − sin t, whose solution from y0 = 1 is cos t, whatever λ is."""
    return -RATE * (y - jnp.cos(t)) - jnp.sin(t)


def robertson(t, y):
    """Robertson's chemical reactions: rates of 0.04, 1e4 and 3e7."""
    a, b, c = y
    first, second, third = 0.04 * a, 1e4 * b * c, 3e7 * b * b
    return jnp.stack([second - first, first - second - third, third])


def van_der_pol(t, y):
    """ε y'' = (1 − y²) y' − y with ε = 1e-6."""
    return jnp.stack([y[1], ((1 - y[0] ** 2) * y[1] - y[0]) / 1e-6])


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("order", "tableau"), [(3, KVAERNO3), (4, KVAERNO4), (5, KVAERNO5)])
def test_a_scheme_converges_with_its_order(order, tableau):
    @jax.jit
    def end(dt):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: y * jnp.cos(t)),
            Esdirk(tableau, rtol=1e-9, atol=1e-9),
            t0=0.0,
            t1=2.0,
            dt0=dt,
            y0=jnp.ones(1),
            saveat=diffrax.SaveAt(t1=True),
            adjoint=diffrax.DirectAdjoint(),
            throw=False,
        ).ys[-1, 0]

    error = lambda steps: abs(end(2 / steps) - np.exp(np.sin(2.0)))  # noqa: E731
    assert np.log2(error(16) / error(32)) == pytest.approx(order, abs=0.35)


@pytest.mark.usefixtures("x64")
def test_stiff_equations_need_a_stiff_scheme(stiff):
    path = px.integrator(stiff).trajectory(prothero_robinson, 1.0, dt=1.0, steps=2)
    # A few steps with an error of a tolerance each; the field then pulls towards the solution.
    np.testing.assert_allclose(path, np.cos([1.0, 2.0]), atol=2e-6)


@pytest.mark.usefixtures("x64")
def test_an_explicit_scheme_gives_up_on_a_stiff_equation():
    path = px.integrator("adaptive-tsit5").trajectory(prothero_robinson, 1.0, dt=1.0, steps=2)
    assert jnp.all(jnp.isnan(path))


@pytest.mark.usefixtures("x64")
def test_robertsons_reactions_end_as_published(stiff):
    # t = 40; Lioen and de Swart, Test Set for Initial Value Problem Solvers, 1999.
    published = [0.7158270687194, 0.9185534764558e-5, 0.2841637457458]
    rtol = {"kvaerno3": 1e-6, "kvaerno4": 1e-7, "kvaerno5": 1e-8}[stiff]
    integrator = px.integrator(stiff, rtol=rtol, atol=1e-4 * rtol, max_steps=1024)
    start = jnp.asarray([1.0, 0.0, 0.0])
    states = integrator.at(robertson, start, [0.4, 4.0, 40.0], substeps=1000)
    # Slow components gather an error of a tolerance per step, over a hundred steps or so.
    np.testing.assert_allclose(states[-1], published, rtol=100 * rtol)
    np.testing.assert_allclose(jnp.sum(states, axis=1), 1, rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_van_der_pols_oscillator_ends_as_published():
    # t = 2, from (2, 0); Mazzia and Magherini, Test Set for Initial Value Problem Solvers, 2008.
    published = [0.1706167732170483e1, -0.8928097010247975]
    integrator = px.integrator("kvaerno5", rtol=1e-8, atol=1e-8, max_steps=4096)
    end = integrator.trajectory(
        van_der_pol, jnp.asarray([2.0, 0.0]), dt=1e-6, steps=2_000_000, every=2_000_000
    )
    # Two fast transitions on the way, each of which amplifies an error of the time it begins at.
    np.testing.assert_allclose(end[-1], published, rtol=1e-5)


@pytest.mark.usefixtures("x64")
def test_the_stiff_schemes_take_pytrees(stiff):
    def field(t, y):
        return {"fast": -RATE * (y["fast"] - y["slow"]), "slow": -y["slow"] * t}

    state = {"fast": jnp.zeros((2, 2)), "slow": jnp.ones((2, 2))}
    states = px.integrator(stiff).trajectory(field, state, dt=0.5, steps=2)
    exact = np.exp(-(np.asarray([0.5, 1.0]) ** 2) / 2)
    for leaf in jax.tree.leaves(states):
        np.testing.assert_allclose(leaf[:, 1, 0], exact, rtol=1e-5)
