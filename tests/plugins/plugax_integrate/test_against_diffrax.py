"""Every explicit scheme of diffrax is here, with diffrax's values and exact gradients."""

import functools
import inspect

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px

# One, odd, a power of two, and beside one: checkpoints that divide the steps, and do not.
COUNTS = (1, 7, 16, 33)
DT = (0.05, 0.0625)  # not exact in binary, and exact


def explicit_solvers(of=diffrax.AbstractERK):
    """All explicit Runge–Kutta solvers of diffrax that have a tableau, by their name here."""
    for solver in of.__subclasses__():
        if not inspect.isabstract(solver) and hasattr(solver, "tableau"):
            yield solver.__name__.lower(), solver
        yield from explicit_solvers(solver)


SOLVERS = {"euler": diffrax.Euler, **dict(explicit_solvers())}


def test_every_explicit_tableau_of_diffrax_is_here_in_fixed_steps():
    assert len(SOLVERS) >= 8
    for name, solver in SOLVERS.items():
        ours = px.integrator(name).tableau
        if name == "euler":
            continue  # has none in diffrax
        theirs = solver.tableau
        unused = len(theirs.b_sol) - ours.stages
        assert not any(theirs.b_sol[ours.stages :]), unused
        np.testing.assert_allclose(ours.b, theirs.b_sol[: ours.stages], rtol=1e-15)
        for row, expected in zip(ours.a[1:], theirs.a_lower, strict=False):
            np.testing.assert_allclose(row, expected, rtol=1e-14, atol=1e-16)


def pairs_of_gradients(name, field, state):
    """Value and gradient in start and step of ours, by their number, and of diffrax's."""
    weights = jnp.cos(jnp.arange(state.size).astype(state.dtype))

    @jax.jit
    def theirs(x, dt, steps):
        # On a clock that counts steps: no time is missed by rounding, and one program does for all.
        def end(x, dt):
            return diffrax.diffeqsolve(
                diffrax.ODETerm(lambda n, y, args: dt * field(n * dt, y)),
                SOLVERS[name](),
                t0=0.0,
                t1=steps,
                dt0=1.0,
                y0=x,
                saveat=diffrax.SaveAt(t1=True),
                stepsize_controller=diffrax.ConstantStepSize(),
                adjoint=diffrax.DirectAdjoint(),
                max_steps=64,
                throw=False,
            ).ys[-1]

        return jax.value_and_grad(lambda x, dt: jnp.vdot(weights, end(x, dt)), (0, 1))(x, dt)

    @functools.partial(jax.jit, static_argnums=2)
    def ours(x, dt, steps):
        def end(x, dt):
            return px.integrator(name).trajectory(field, x, dt=dt, steps=steps, every=steps)[-1]

        return jax.value_and_grad(lambda x, dt: jnp.vdot(weights, end(x, dt)), (0, 1))(x, dt)

    return ours, theirs


def hold_against_each_other(name, lorenz96, counts):
    field, state = lorenz96()
    ours, theirs = pairs_of_gradients(name, field, state)
    for steps in counts:
        # Shorter ones for schemes of low order, which the field makes unstable.
        for dt in [dt / 4 if px.integrator(name).tableau.order < 3 else dt for dt in DT]:
            found = jax.tree.leaves(ours(state, dt, steps))
            expected = jax.tree.leaves(theirs(state, dt, float(steps)))
            # The same sums in another order, amplified by the instability: 64 steps are four time
            # units, over which differences grow by less than a thousand.
            scale = max(float(jnp.max(jnp.abs(e))) for e in expected)
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11 * scale)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("of", "counts"), [("bosh3", COUNTS), ("dopri5", (33,))])
def test_gradients_are_those_of_direct_differentiation(of, counts, lorenz96):
    hold_against_each_other(of, lorenz96, counts)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("of", SOLVERS)
def test_gradients_are_those_of_direct_differentiation_at_every_number_of_steps(of, lorenz96):
    hold_against_each_other(of, lorenz96, range(1, 65))
