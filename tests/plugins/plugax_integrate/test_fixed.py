"""Fixed steps: their order, their gradients, and that they stay loops."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_integrate._tableau import Tableau

# Steps over [0, 2] for which the error is small, and far above rounding with twice as many too.
COARSE = {1: 128, 2: 128, 3: 64, 4: 32, 5: 32, 8: 4}


def observed_order(error_of, steps):
    return np.log2(error_of(steps) / error_of(2 * steps))


@pytest.fixture
def order(fixed):
    return px.integrator(fixed).tableau.order


@pytest.mark.usefixtures("x64")
def test_the_error_falls_with_the_order_where_the_field_depends_on_time(fixed, order):
    # y' = y cos t has the solution exp(sin t); it is one for every coefficient, c included.
    integrator = px.integrator(fixed)

    def error(steps):
        states = integrator.trajectory(
            lambda t, y: y * jnp.cos(t), 1.0, dt=2 / steps, steps=steps, every=steps
        )
        return abs(states[-1] - np.exp(np.sin(2.0)))

    # Between one order and the next: the leading term of some (tsit5) is so small that the next one
    # counts at any step with an error above rounding.
    assert order - 0.1 < observed_order(error, COARSE[order]) < order + 0.6


@pytest.mark.usefixtures("x64")
def test_the_error_falls_with_the_order_on_a_pytree(fixed, order):
    integrator = px.integrator(fixed)

    def error(steps):
        end = integrator.trajectory(
            lambda t, y: {"q": y["p"], "p": -y["q"]},
            {"q": jnp.asarray(1.0), "p": jnp.zeros(())},
            dt=2 / steps,
            steps=steps,
        )
        return np.hypot(end["q"][-1] - np.cos(2.0), end["p"][-1] + np.sin(2.0))

    # A linear equation does not see every term of the error, so that a scheme may do better.
    steps = COARSE[order]
    assert observed_order(error, steps) > order - 0.1


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "steps", [20, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3, 7, 15, 16))]
)
def test_value_and_gradient_are_those_of_plain_loops(fixed, steps, lorenz96, plain):
    # The derivative of the loops by a complex step, f'(x) = Im f(x + ih)/h, which does not cancel:
    # equal to rounding, which the instability amplifies (20 steps: by less than ten).
    integrator = px.integrator(fixed)
    field, state = lorenz96()
    weights = np.cos(np.arange(steps * state.size)).reshape(steps, -1)

    @jax.jit
    @jax.value_and_grad
    def weighted(inputs):
        forcing, state, dt = inputs
        field = eqx.tree_at(lambda f: f.forcing, lorenz96()[0], forcing)
        return jnp.vdot(weights, integrator.trajectory(field, state, dt=dt, steps=steps))

    for dt in (0.05, 0.0625):
        point = (field.forcing, state, jnp.asarray(dt))
        value, gradient = weighted(point)
        flat = np.concatenate([np.atleast_1d(np.asarray(leaf)) for leaf in point])

        def along(direction, flat=flat):
            forcing, *x, step = flat + 1e-30j * direction
            return np.vdot(weights, plain(integrator.tableau, np.asarray(x), forcing, step, steps))

        expected = [along(direction) for direction in np.eye(flat.size)]
        found = np.concatenate([np.atleast_1d(np.asarray(leaf)) for leaf in gradient])
        np.testing.assert_allclose(value, expected[0].real, rtol=1e-12)
        scale = np.abs(np.imag(expected)).max() / 1e-30
        np.testing.assert_allclose(found, np.imag(expected) / 1e-30, rtol=0, atol=1e-12 * scale)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("of", "every"),
    [
        ("rk4", 3),
        ("tsit5", 1),
        pytest.param("rk4", 1, marks=pytest.mark.slow),
        pytest.param("tsit5", 3, marks=pytest.mark.slow),
    ],
)
def test_rematerialising_changes_nothing_but_memory(of, every, lorenz96):
    field, state = lorenz96()

    def gradient(rematerialise):
        integrator = px.integrator(of, rematerialise=rematerialise)
        loss = lambda x: jnp.sum(  # noqa: E731
            integrator.trajectory(field, x, dt=0.05, steps=12, every=every) ** 2
        )
        return jax.jit(jax.grad(loss))(state)

    # The same sums, which the compiler may round in another order.
    np.testing.assert_allclose(gradient(True), gradient(False), rtol=1e-12)
    kept = [residuals(px.integrator(of, rematerialise=r), field, state) for r in (False, True)]
    assert kept[1] < kept[0] / 2


def residuals(integrator, field, state):
    """How many numbers the derivative keeps of the computation."""
    _, pullback = jax.vjp(lambda x: integrator.trajectory(field, x, dt=0.05, steps=40), state)
    return sum(leaf.size for leaf in jax.tree.leaves(pullback))


@pytest.mark.usefixtures("x64")
def test_forward_and_reverse_mode_agree_to_second_order(lorenz96):
    field, state = lorenz96()
    for fixed in ("rk4", "dopri5"):
        integrator = px.integrator(fixed)

        def last(x, integrator=integrator):
            return integrator.trajectory(field, x, dt=0.05, steps=6)[-1]

        forward, reverse = jax.jit(lambda x: (jax.jacfwd(last)(x), jax.jacrev(last)(x)))(state)
        np.testing.assert_allclose(forward, reverse, rtol=1e-11)
        total = lambda x, last=last: jnp.sum(last(x) ** 3)  # noqa: E731
        hessian = jax.jit(jax.hessian(total))(state)
        np.testing.assert_allclose(hessian, hessian.T, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("x64")
def test_leaves_of_several_shapes_and_dtypes_are_integrated_side_by_side(explicit):
    integrator = px.integrator(explicit)
    state = {
        "matrix": jnp.ones((2, 3), jnp.float32),
        "number": 0.5,
        "wave": jnp.asarray([1.0 + 0j, 1j]),
    }

    def field(t, y):
        return {"matrix": -y["matrix"], "number": y["number"] * t, "wave": 1j * y["wave"]}

    together = integrator.trajectory(field, state, dt=0.1, steps=4, every=2)
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype.name), together) == {
        "matrix": ((2, 2, 3), "float32"),
        "number": ((2,), "float64"),
        "wave": ((2, 2), "complex128"),
    }
    for name in state:
        alone = integrator.trajectory(
            lambda t, y, name=name: field(t.astype(jnp.float64), {**state, name: y})[name],
            state[name],
            dt=0.1,
            steps=4,
            every=2,
        )
        rtol = 1e-6 if name == "matrix" else 1e-14
        np.testing.assert_allclose(together[name], alone, rtol=rtol)


@pytest.mark.usefixtures("x64")
def test_time_runs_backwards_with_negative_steps(lorenz96):
    field, state = lorenz96()
    integrator = px.integrator("dopri8")
    there = integrator.trajectory(field, state, dt=0.05, steps=4, t0=0.3)[-1]
    back = integrator.trajectory(field, there, dt=-0.05, steps=4, t0=0.5)[-1]
    np.testing.assert_allclose(back, state, rtol=1e-10)


def test_a_tableau_must_be_explicit():
    with pytest.raises(ValueError, match=r"rows of 0, 1, …, 1 coefficients; got rows of \[1, 1\]"):
        Tableau("implicit", "", 1, ((1.0,), (1.0,)), (0.5, 0.5))


def test_tableaus_are_consistent(fixed):
    tableau = px.integrator(fixed).tableau
    assert sum(tableau.b) == pytest.approx(1, abs=1e-14)
    # Second order and more: Σ b c = 1/2.
    moment = sum(b * c for b, c in zip(tableau.b, tableau.c, strict=True))
    assert tableau.order == 1 or moment == pytest.approx(0.5, abs=1e-14)
    assert hash(tableau) == hash(px.integrator(fixed).tableau)
