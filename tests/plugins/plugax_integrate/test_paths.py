"""States at any times, dense output and events: what every integrator has besides a trajectory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax import PlugaxError
from plugax.integrators._until import first_crossing

# One of each kind: explicit, implicit, adaptive, stiff.
KINDS = ["rk4", "implicit-midpoint", "adaptive-tsit5", "kvaerno5"]
# How far off solutions below may be: (dt)⁴, (dt)² and tolerances, times a constant of about one.
ERRORS = {"rk4": 1e-6, "implicit-midpoint": 1e-3, "adaptive-tsit5": 1e-5, "kvaerno5": 1e-5}


def forced(t, y):
    """y' = y cos t: y = y0 exp(sin t)."""
    return y * jnp.cos(t)


def ball(t, y):
    """A ball that falls: height h, velocity v."""
    return {"h": y["v"], "v": jnp.full_like(y["v"], -9.81)}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("of", KINDS)
def test_states_at_uneven_times_are_those_of_the_solution(of):
    times = np.asarray([0.0, 0.1, 0.1, 0.4, 1.7])  # the start itself, and one twice
    states = px.integrator(of).at(forced, 2.0, times, substeps=16)
    np.testing.assert_allclose(states, 2 * np.exp(np.sin(times)), rtol=ERRORS[of])
    late = px.integrator(of).at(forced, 2 * np.exp(np.sin(0.5)), [0.3, 0.1], substeps=8, t0=0.5)
    np.testing.assert_allclose(late, 2 * np.exp(np.sin([0.3, 0.1])), rtol=ERRORS[of])


@pytest.mark.usefixtures("x64")
def test_states_at_even_times_are_the_trajectory_to_the_bit():
    rk4 = px.integrator("rk4")
    trajectory = rk4.trajectory(forced, 1.0, dt=0.125, steps=8, every=2)
    states = rk4.at(forced, 1.0, 0.25 * np.arange(1, 5), substeps=2)
    np.testing.assert_array_equal(states, trajectory)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("of", ["rk4", "adaptive-tsit5"])
def test_gradients_at_saved_times_are_those_of_the_solution(of):
    # y = y0 exp(a sin t): every derivative is known, that in the times too.
    integrator = px.integrator(of, **({} if of == "rk4" else {"rtol": 1e-9, "atol": 1e-9}))
    weights = np.cos(np.arange(20.0))

    @jax.jit
    @jax.grad
    def gradient(inputs):
        rate, y0, times = inputs
        states = integrator.at(lambda t, y: rate * y * jnp.cos(t), y0, times, substeps=12)
        return jnp.vdot(weights, states)

    # Steps that rounding makes miss 0.05, 0.1, …, and numbers of times that no checkpoints divide.
    times = np.cumsum(np.r_[np.full(13, 0.05), np.full(7, 0.0625)])
    rate, y0 = 1.5, 0.7
    found = gradient((rate, y0, jnp.asarray(times)))
    y = y0 * np.exp(rate * np.sin(times))
    expected = (
        np.vdot(weights, y * np.sin(times)),
        np.vdot(weights, y / y0),
        weights * rate * np.cos(times) * y,
    )
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([], r"one axis and at least one time; got shape \(0,\)"),
        ([[1.0]], r"got shape \(1, 1\)"),
        ([0.1, 0.3, 0.2], "in one direction; got .*Sort them"),
        ([-0.1, 0.1], "run from t0=0.0 in one direction"),
        ([0.1, np.nan], "must be finite"),
    ],
)
def test_times_that_make_no_sense_are_errors(times, message):
    with pytest.raises(PlugaxError, match=message):
        px.integrator("rk4").at(forced, 1.0, times, substeps=1)


def test_states_and_times_keep_the_precision_of_the_start():
    def found(y0):
        rk4 = px.integrator("rk4")
        at = rk4.at(ball, y0, [0.1, 0.2], substeps=1)
        path = rk4.dense(ball, y0, dt=0.1, steps=2)
        return at, path(0.1), rk4.until(ball, lambda t, y: y["h"], y0, dt=0.1, steps=9)

    for x64, dtype in ((False, "float32"), (True, "float32"), (True, "float64")):
        with jax.enable_x64(x64):
            y0 = {"h": jnp.ones((), dtype), "v": jnp.zeros((), dtype)}
            at, between, crossing = jax.jit(found)(y0)
            leaves = [*jax.tree.leaves((at, between, crossing.state)), crossing.time]
            assert {leaf.dtype.name for leaf in leaves} == {dtype}
            assert crossing.happened


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("of", ["rk4", "implicit-midpoint"])
def test_a_dense_path_is_cubic_between_the_states_of_fixed_steps(of):
    integrator = px.integrator(of)
    states = integrator.trajectory(forced, 1.0, dt=0.1, steps=10)
    path = integrator.dense(forced, 1.0, dt=0.1, steps=10)
    times = 0.1 * np.arange(11)
    at_steps = jax.jit(jax.vmap(path))(times)
    np.testing.assert_allclose(at_steps, np.r_[1.0, states], rtol=1e-13)
    slopes = jax.jit(jax.vmap(jax.grad(path)))(times)
    np.testing.assert_allclose(slopes, at_steps * np.cos(times), rtol=1e-11)


@pytest.mark.usefixtures("x64")
def test_the_error_of_a_dense_path_has_order_four():
    def error(steps):
        path = px.integrator("dopri8").dense(forced, 1.0, dt=2 / steps, steps=steps)
        times = np.linspace(0, 2, 333)
        return np.abs(jax.jit(jax.vmap(path))(times) - np.exp(np.sin(times))).max()

    assert np.log2(error(16) / error(32)) == pytest.approx(4, abs=0.2)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "of",
    [
        "adaptive-tsit5",
        *(pytest.param(of, marks=pytest.mark.slow) for of in ("adaptive-dopri8", "kvaerno5")),
    ],
)
def test_the_error_of_an_adaptive_dense_path_follows_the_tolerance(of):
    times = np.linspace(1, 3, 101)
    exact = np.exp(np.sin(times))
    for tolerance in (1e-4, 1e-7):
        integrator = px.integrator(of, rtol=tolerance, atol=tolerance)
        path = integrator.dense(forced, exact[0], dt=0.2, steps=10, t0=1.0)
        found = np.asarray(jax.jit(jax.vmap(path))(np.r_[0.99, times, 3.01]))
        assert np.isnan(found[[0, -1]]).all()  # before the path, and after it
        error = np.abs(found[1:-1] - exact).max()
        # Between steps the polynomials of the scheme have an order less than the steps. The stiff
        # one's is a cubic: steps of 0.3, which it makes here, leave 1e-4 whatever is asked for.
        assert error < max(200 * tolerance, 5e-4 if of == "kvaerno5" else 0)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("of", ["rk4", pytest.param("adaptive-tsit5", marks=pytest.mark.slow)])
def test_a_dense_path_is_differentiable(of):
    # y(t) = y0 exp(sin t): in y0 and t, on a path through steps that 0.05 makes miss its ends.
    integrator = px.integrator(of, **({} if of == "rk4" else {"rtol": 1e-9, "atol": 1e-9}))

    def value(y0, t):
        return integrator.dense(forced, y0, dt=0.05, steps=20)(t)

    value_and_slopes = jax.jit(jax.value_and_grad(value, (0, 1)))
    _, (by_start, by_time) = value_and_slopes(0.7, 0.33)
    exact = np.exp(np.sin(0.33))
    np.testing.assert_allclose(by_start, exact, rtol=1e-5)
    np.testing.assert_allclose(by_time, 0.7 * exact * np.cos(0.33), rtol=1e-4)
    step = 1e-5
    ahead, back = (value_and_slopes(0.7 + move, 0.33)[0] for move in (step, -step))
    quotient = (ahead - back) / (2 * step)
    np.testing.assert_allclose(by_start, quotient, rtol=1e-6)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "of", [KINDS[0], *(pytest.param(of, marks=pytest.mark.slow) for of in KINDS[1:])]
)
def test_a_fall_ends_when_and_as_fast_as_galilei_says(of):
    # From h: at √(2h/g), with −√(2gh); quadratic in time, so that every scheme here is exact.
    @jax.jit
    def fall(height):
        start = {"h": height, "v": jnp.zeros(())}
        crossing = px.integrator(of).until(ball, lambda t, y: y["h"], start, dt=0.1, steps=20)
        return crossing.time, crossing.state["v"]

    height, g = 10.0, 9.81
    time, velocity = fall(height)
    np.testing.assert_allclose([time, velocity], [np.sqrt(20 / g), -np.sqrt(20 * g)], rtol=1e-13)
    slopes = jax.jit(jax.jacrev(fall))(height)
    expected = [1 / np.sqrt(2 * g * height), -np.sqrt(g / (2 * height))]
    np.testing.assert_allclose(slopes, expected, rtol=1e-10)


@pytest.mark.usefixtures("x64")
def test_the_first_crossing_in_the_wanted_direction_is_found():
    def oscillator(t, y):
        return jnp.stack([y[1], -y[0]])

    rk4 = px.integrator("rk4")
    start = jnp.asarray([0.0, 1.0])  # sin t, which is zero at the start: no crossing

    def time(event, direction, steps=100):
        crossing = rk4.until(oscillator, event, start, dt=0.1, steps=steps, direction=direction)
        return crossing.happened, crossing.time

    @jax.jit
    def times():
        height = lambda t, y: y[0]  # noqa: E731
        return (
            [time(height, direction) for direction in ("both", "down", "up")],
            time(lambda t, y: t - 0.77, "both"),
            time(height, "up", steps=50),
        )

    zeros, at_once, too_late = times()
    for (happened, found), expected in zip(zeros, (np.pi, np.pi, 2 * np.pi), strict=True):
        assert happened
        assert found == pytest.approx(expected, abs=1e-5)  # of order dt⁴
    assert at_once[1] == pytest.approx(0.77, abs=1e-15)
    assert not too_late[0]
    assert too_late[1] == pytest.approx(5.0)


@pytest.mark.usefixtures("x64")
def test_an_event_under_vmap_and_in_gradients_where_it_does_not_happen():
    @jax.jit
    @jax.vmap
    @jax.value_and_grad
    def end(height):
        start = {"h": height, "v": jnp.zeros(())}
        crossing = px.integrator("rk4").until(ball, lambda t, y: y["h"], start, dt=0.1, steps=10)
        return crossing.time + crossing.state["h"]

    values, slopes = end(jnp.asarray([1.0, 100.0]))
    np.testing.assert_allclose(values, [np.sqrt(2 / 9.81), 1 + 100 - 9.81 / 2], rtol=1e-12)
    np.testing.assert_allclose(slopes, [1 / np.sqrt(2 * 9.81), 1.0], rtol=1e-10)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("shape", "error"),
    [
        (lambda t: t, 1e-15),
        (lambda t: t**3, 1e-5),  # a triple root, which only cubes of rounding can be seen beside
        (lambda t: jnp.where(t < 0, -1.0, 1e-3), 1e-15),  # a jump, which interpolation cannot see
    ],
)
def test_an_event_that_is_flat_or_jumps_or_ends_a_step_is_found(shape, error):
    @jax.jit
    def found(at):
        crossing = px.integrator("rk4").until(
            lambda t, y: 0 * y, lambda t, y: shape(t - at), 0.0, dt=0.5, steps=4, t0=-1.0
        )
        return crossing.happened, crossing.time

    for at in (0.0, 1e-9, 0.3, 1.0):
        happened, time = found(at)
        assert happened
        assert time == pytest.approx(at, abs=error)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (lambda t, y: y < 0, r"one real number that changes its sign; got bool\[\]"),
        (lambda t, y: jnp.stack([y, y]), r"got float32\[2\]"),
    ],
)
def test_an_event_that_is_none_is_an_error(event, message):
    with pytest.raises(PlugaxError, match=message):
        px.integrator("rk4").until(forced, event, 1.0, dt=0.1, steps=2)


def test_a_direction_that_is_none_is_an_error():
    rk4 = px.integrator("rk4")
    with pytest.raises(ValueError, match="one of both, up, down; got 'left'"):
        first_crossing(
            rk4.trajectory, forced, forced, 1.0, dt=0.1, steps=2, t0=0.0, direction="left"
        )


def test_a_state_of_integers_is_an_error():
    for method in ("dense", "until"):
        arguments = [forced, lambda t, y: y, 1] if method == "until" else [forced, 1]
        with pytest.raises(PlugaxError, match="floating-point"):
            getattr(px.integrator("rk4"), method)(*arguments, dt=0.1, steps=2)
