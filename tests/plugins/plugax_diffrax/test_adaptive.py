"""Adaptive and stiff integration: accuracy by tolerance, exact gradients, failure as NaN."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax import PlugaxError
from plugax_diffrax._kvaerno5 import Kvaerno5

STIFF = 1e6


def blow_up(t, y):
    """y' = y², so y = 1/(1/y0 − t), infinite at t = 1/y0."""
    return y * y


def relaxation(t, y):
    """y' = −λ (y − cos t) − sin t, whose solution from y0 = 1 is cos t, whatever λ is."""
    return -STIFF * (y - jnp.cos(t)) - jnp.sin(t)


def robertson(t, y):
    """Robertson's chemical reactions: rates of 0.04, 1e4 and 3e7."""
    a, b, c = y
    first, second, third = 0.04 * a, 1e4 * b * c, 3e7 * b * b
    return jnp.stack([second - first, first - second - third, third])


@pytest.mark.usefixtures("x64")
def test_the_error_follows_the_tolerance(adaptive, lorenz96):
    field, state = lorenz96()
    exact = px.integrator("dopri8").trajectory(field, state, dt=0.01, steps=40, every=10)
    for rtol in (1e-4, 1e-7):
        found = px.integrator(adaptive, rtol=rtol, atol=rtol).trajectory(
            field, state, dt=0.01, steps=40, every=10
        )
        # An error of a tolerance per step, over some ten steps, each amplified by less than ten.
        assert jnp.max(jnp.abs(found - exact)) < 100 * rtol


@pytest.mark.usefixtures("x64")
def test_the_gradient_is_that_of_the_solution(adaptive, lorenz96):
    field, state = lorenz96()

    def gradient(integrator, steps, every):
        def loss(x, dt):
            kept = integrator.trajectory(field, x, dt=dt, steps=steps, every=every)
            return jnp.vdot(jnp.cos(jnp.arange(kept.size).astype(x.dtype)), kept)

        return jax.jit(jax.grad(loss, (0, 1)))

    adaptive = px.integrator(adaptive, rtol=1e-9, atol=1e-9)
    solution = gradient(px.integrator("dopri8"), 28, 4)
    found = gradient(adaptive, 7, 1)
    for dt in (0.05, 0.0625):
        exact = solution(state, dt / 4)
        # Four times as many steps, each a quarter as long: so is the derivative in dt.
        expected = (exact[0], exact[1] / 4)
        for a, b in zip(found(state, dt), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("x64")
def test_failure_is_nan_from_there_on_and_for_that_member_only(adaptive):
    integrator = px.integrator(adaptive)
    starts = jnp.asarray([1.0, 0.25])  # infinite at t = 1, and at t = 4
    states = jax.vmap(lambda y: integrator.trajectory(blow_up, y, dt=0.45, steps=4))(starts)
    np.testing.assert_array_equal(np.isnan(states[0]), [False, False, True, True])
    # dy(t)/dy(0) = (y(t)/y(0))², a hundred at t = 0.9, times a tolerance of 1e-6 per step.
    times = 0.45 * np.arange(1, 5)
    np.testing.assert_allclose(states[1], 1 / (4 - times), rtol=1e-3)
    np.testing.assert_allclose(states[0, :2], 1 / (1 - times[:2]), rtol=1e-3)


@pytest.mark.usefixtures("x64")
def test_too_few_steps_are_a_failure(adaptive):
    grid = {"dt": 5.0, "steps": 2}
    one = px.integrator(adaptive, max_steps=1, rtol=1e-9, atol=1e-9)
    many = px.integrator(adaptive, rtol=1e-9, atol=1e-9)
    oscillation = lambda t, y: jnp.stack([y[1], -y[0]])  # noqa: E731
    start = jnp.asarray([1.0, 0.0])
    assert jnp.all(jnp.isnan(one.trajectory(oscillation, start, **grid)))
    np.testing.assert_allclose(
        many.trajectory(oscillation, start, **grid)[-1],
        [np.cos(10.0), -np.sin(10.0)],
        rtol=1e-6,
    )


@pytest.mark.usefixtures("x64")
def test_stiff_equations_need_the_stiff_scheme():
    ends = {
        name: px.integrator(name, rtol=1e-6, atol=1e-6).trajectory(relaxation, 1.0, dt=1.0, steps=2)
        for name in ("kvaerno5", "adaptive-tsit5")
    }
    np.testing.assert_allclose(ends["kvaerno5"], np.cos([1.0, 2.0]), atol=1e-6)
    assert jnp.all(jnp.isnan(ends["adaptive-tsit5"]))


@pytest.mark.usefixtures("x64")
def test_the_stiff_scheme_gives_the_published_solution_of_robertsons_reactions():
    # t = 40; Lioen and de Swart, Test Set for Initial Value Problem Solvers, 1999.
    published = [0.7158270688, 0.9185534765e-5, 0.2841637457]
    integrator = px.integrator("kvaerno5", rtol=1e-8, atol=1e-12)
    start = jnp.asarray([1.0, 0.0, 0.0])
    end = integrator.trajectory(robertson, start, dt=1e-4, steps=400_000, every=400_000)[-1]
    np.testing.assert_allclose(end, published, rtol=1e-6)
    assert jnp.sum(end) == pytest.approx(1, abs=1e-12)


@pytest.mark.usefixtures("x64")
def test_the_stiff_scheme_converges_with_order_five():
    def error(steps):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: y * jnp.cos(t)),
            Kvaerno5(rtol=1e-9, atol=1e-9),
            t0=0.0,
            t1=2.0,
            dt0=2 / steps,
            y0=jnp.ones(1),
            saveat=diffrax.SaveAt(t1=True),
        )
        return abs(solution.ys[-1, 0] - np.exp(np.sin(2.0)))

    assert np.log2(error(16) / error(32)) == pytest.approx(5, abs=0.35)


@pytest.mark.usefixtures("x64")
def test_the_stiff_scheme_takes_pytrees():
    def field(t, y):
        return {"fast": -STIFF * (y["fast"] - y["slow"]), "slow": -y["slow"] * t}

    state = {"fast": jnp.zeros((2, 2)), "slow": jnp.ones((2, 2))}
    states = px.integrator("kvaerno5").trajectory(field, state, dt=0.5, steps=2)
    exact = np.exp(-(np.asarray([0.5, 1.0]) ** 2) / 2)
    for leaf in jax.tree.leaves(states):
        np.testing.assert_allclose(leaf[:, 1, 0], exact, rtol=1e-5)


def test_states_are_real():
    with pytest.raises(PlugaxError, match=r"take real states; got a complex one.*'rk4'"):
        px.integrator("adaptive-tsit5").trajectory(lambda t, y: y, 1j, dt=0.1, steps=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_steps": 0}, "max_steps must be at least 1; got 0"),
        ({"rtol": -1.0}, "must not be negative"),
        ({"rtol": 0.0, "atol": 0.0}, "not both zero"),
    ],
)
def test_options_that_make_no_sense_are_errors(options, message):
    with pytest.raises(PlugaxError, match=message):
        px.integrator("kvaerno5", **options)
