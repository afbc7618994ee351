"""What every integrator here holds to, besides the conformance kit."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax import PlugaxError


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ((231, 11), (4600, 200)),
        pytest.param((21, 1), (300, 1), marks=pytest.mark.slow),  # without the inner loop
    ],
)
def test_a_trajectory_costs_compile_time_once_whatever_its_number_of_steps(
    name, short, long, lorenz96
):
    field, state = lorenz96()
    integrator = px.integrator(name)

    def cost(steps, every):
        traced = 0

        def counting(t, y):
            nonlocal traced
            traced += 1
            return field(t, y)

        def loss(x):
            return jnp.sum(integrator.trajectory(counting, x, dt=0.05, steps=steps, every=every))

        lines = jax.jit(jax.grad(loss)).lower(state).as_text().splitlines()
        return traced, len(lines)

    found = cost(*short)
    assert cost(*long) == found
    if hasattr(integrator, "tableau"):
        assert found[0] == 1


@pytest.mark.slow
def test_what_is_compiled_calls_nothing_on_the_host(name, lorenz96):
    field, state = lorenz96()
    integrator = px.integrator(name)

    def last(x):
        return integrator.trajectory(field, x, dt=0.05, steps=4, every=2)[-1]

    states = jnp.stack([state] * 3)

    def everything(x, several):
        total = lambda x: jnp.sum(last(x))  # noqa: E731
        return jax.jvp(last, (x,), (x,)), jax.vmap(jax.value_and_grad(total))(several)

    assert "callback" not in jax.jit(everything).lower(state, states).as_text()


@pytest.mark.usefixtures("x64")
def test_the_field_is_called_with_times_in_the_precision_of_the_state(name):
    seen = set()

    def field(t, y):
        seen.add((t.shape, t.dtype.name, y.dtype.name))
        return t * y

    states = px.integrator(name).trajectory(field, jnp.ones(2, jnp.float32), dt=0.1, steps=3)
    assert states.dtype == jnp.float32
    assert seen == {((), "float32", "float32")}


def test_parameters_of_the_start_and_the_step_may_be_traced(name):
    integrator = px.integrator(name)

    def end(t0, dt):
        return integrator.trajectory(lambda t, y: 0 * y + t, 0.0, dt=dt, t0=t0, steps=4)[-1]

    t0, dt = 0.5, np.asarray([0.1, 0.2])
    # ∫ t dt over [t0, t0 + 4 dt]; Euler's method takes the left ends, the implicit one the right.
    late = {"euler": 2 * dt**2, "implicit-euler": -2 * dt**2}.get(name, 0.0)
    expected = ((t0 + 4 * dt) ** 2 - t0**2) / 2 - late
    several = jax.jit(jax.vmap(end, (None, 0)))(t0, jnp.asarray(dt))
    np.testing.assert_allclose(several, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"steps": 7, "every": 2}, "steps=7 and every=2. Try steps=6"),
        ({"steps": 1, "every": 2}, "Try steps=2"),
        ({"steps": 0}, "steps must be a positive whole number, known before compilation; got 0"),
        ({"steps": True}, "got True"),
        ({"steps": 2, "every": -1}, "every must be a positive whole number"),
    ],
)
@pytest.mark.parametrize("of", ["rk4", "adaptive-tsit5"])
def test_a_grid_that_does_not_fit_is_an_error(of, grid, message):
    with pytest.raises(PlugaxError, match=message):
        px.integrator(of).trajectory(lambda t, y: y, 1.0, dt=0.1, **grid)


@pytest.mark.parametrize(
    ("state", "field", "message"),
    [
        ({}, lambda t, y: y, "no arrays in it"),
        ({"x": 1}, lambda t, y: y, r"y0\['x'\] must be floating-point.*got int32"),
        (1.0, lambda t, y: {"x": y}, "structure of y"),
        (1.0, lambda t, y: jnp.stack([y, y]), r"float32\(\); got float32\(2,\)"),
        (1.0, lambda t, y: y.astype(jnp.float16), "got float16.*in the dtype of y"),
    ],
)
@pytest.mark.parametrize("of", ["rk4", "tsit5", "adaptive-tsit5"])
def test_a_state_or_field_that_does_not_fit_is_an_error(of, state, field, message):
    with pytest.raises(PlugaxError, match=message):
        px.integrator(of).trajectory(field, state, dt=0.1, steps=2)


def test_all_that_is_registered_is_tested(names):
    (record,) = [r for r in px.default_manager().records if r.name == "integrate"]
    assert sorted(component.name for component in record.components) == sorted(names)


def test_every_option_is_documented(registered):
    component = px.default_manager().find("integrator", registered)
    factory = component.load()
    lines = [line.strip() for line in inspect.getdoc(factory).splitlines()]
    for option in inspect.signature(factory).parameters:
        assert any(line.startswith(f"{option}: ") for line in lines)
    assert component.summary
    assert repr(px.integrator(registered)) == repr(px.integrator(f"integrate:{registered}"))
