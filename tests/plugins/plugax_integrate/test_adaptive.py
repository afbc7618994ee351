"""Adaptive and stiff integration: accuracy by tolerance, exact gradients, failure as NaN."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax import PlugaxError


def blow_up(t, y):
    """y' = y², so y = 1/(1/y0 − t), infinite at t = 1/y0."""
    return y * y


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


def _slow(counts):
    return [pytest.param(count, marks=pytest.mark.slow) for count in counts]


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("steps", [7, *_slow([1, 2, 3, 5, 10, 15, 16, 20, 33, 64])])
def test_the_gradient_is_that_of_the_solution(adaptive, steps, lorenz96):
    field, state = lorenz96()

    def gradient(integrator, steps, every):
        def loss(x, dt):
            kept = integrator.trajectory(field, x, dt=dt, steps=steps, every=every)
            return jnp.vdot(jnp.cos(jnp.arange(kept.size).astype(x.dtype)), kept)

        return jax.jit(jax.grad(loss, (0, 1)))

    # Of lower order, they would need more than `max_steps` steps for an interval.
    rtol = {"kvaerno3": 1e-6, "kvaerno4": 1e-7}.get(adaptive, 1e-9)
    adaptive = px.integrator(adaptive, rtol=rtol, atol=rtol)
    solution = gradient(px.integrator("dopri8"), 4 * steps, 4)
    found = gradient(adaptive, steps, 1)
    for dt in (0.05, 0.0625):
        exact = solution(state, dt / 4)
        # Four times as many steps, each a quarter as long: so is the derivative in dt.
        expected = (exact[0], exact[1] / 4)
        for a, b in zip(found(state, dt), expected, strict=True):
            # A thousand errors of a tolerance, and the instability over several time units.
            allowed = 1000 * rtol * (1 if steps <= 20 else 100)
            size = max(1.0, float(jnp.max(jnp.abs(b))))
            np.testing.assert_allclose(a, b, rtol=0, atol=allowed * size)


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
    rtol = {"kvaerno3": 1e-4, "kvaerno4": 1e-6}.get(adaptive, 1e-9)
    one = px.integrator(adaptive, max_steps=1, rtol=rtol, atol=rtol)
    many = px.integrator(adaptive, rtol=rtol, atol=rtol)
    oscillation = lambda t, y: jnp.stack([y[1], -y[0]])  # noqa: E731
    start = jnp.asarray([1.0, 0.0])
    assert jnp.all(jnp.isnan(one.trajectory(oscillation, start, **grid)))
    np.testing.assert_allclose(
        many.trajectory(oscillation, start, **grid)[-1],
        [np.cos(10.0), -np.sin(10.0)],
        rtol=0,
        atol=100 * rtol,  # ten time units of steps
    )


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
