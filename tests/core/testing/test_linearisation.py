import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax.testing.problems._linearisation import check_adjoint, check_tangent_linear, check_taylor
from plugax_lorenz96 import Lorenz63, Lorenz96
from plugax_state_space.laws import check_state_space_linearisation

KEY = jr.key(0)
ALL = (check_tangent_linear, check_adjoint, check_taylor)


def curved(x):
    return {"a": jnp.sin(x["a"]) * x["b"], "b": jnp.exp(x["b"] / 2)}


def linear(x):
    return 3 * x["a"] - x["b"]


def cost(x):
    return jnp.sum(jnp.log1p(x["a"] ** 2)) + jnp.prod(x["b"])


POINT = {"a": np.asarray([0.3, -1.2, 0.7]), "b": np.asarray([1.1, 0.2, -0.4]), "steps": 3}


@jax.custom_jvp
def wrong_forwards(x):
    return jnp.sin(x)


@wrong_forwards.defjvp
def _(primals, tangents):
    return jnp.sin(primals[0]), 1.0001 * jnp.cos(primals[0]) * tangents[0]


@jax.custom_vjp
def wrong_backwards(x):
    return jnp.sin(x)


wrong_backwards.defvjp(lambda x: (jnp.sin(x), x), lambda x, w: (1.0001 * jnp.cos(x) * w,))


def transposed_wrongly(x):
    """A forward derivative that is right, and a transpose that is off by 1e-10."""

    def transpose(_, w):
        return (1 + 1e-10) * w

    def apply(_, v):
        return v

    return jax.custom_derivatives.linear_call(apply, transpose, (), jnp.sin(x))


@pytest.mark.parametrize("check", ALL)
@pytest.mark.parametrize("function", [curved, cost])
def test_right_derivatives_pass(check, function):
    check(function, POINT, KEY)


def test_the_ratio_tends_to_one_linearly():
    found = check_tangent_linear(curved, POINT, KEY)
    assert 0.9 <= found.slope <= 1.1
    assert abs(found.ratios[-1] - 1) < 1e-6
    np.testing.assert_allclose(found.errors[2] / found.errors[4], 10, rtol=0.1)
    assert "slope 1.0" in str(found)


def test_the_taylor_remainder_falls_as_the_square():
    for function in (curved, cost):
        assert 1.9 <= check_taylor(function, POINT, KEY).slope <= 2.1


def test_the_adjoint_agrees_to_rounding():
    found = check_adjoint(curved, POINT, KEY)
    assert found.difference < 1e-12
    assert found.forward != 0


@pytest.mark.parametrize("point", [POINT, jax.tree.map(lambda leaf: 0 * leaf, POINT)])
def test_a_linear_function_is_linear_to_rounding(point):
    assert np.isnan(check_tangent_linear(linear, point, KEY).slope)
    found = check_taylor(lambda x: jnp.sum(linear(x)), point, KEY)
    assert str(found) == "linear to rounding"
    check_adjoint(linear, point, KEY)


def test_a_constant_function_passes():
    for check in ALL:
        check(lambda x: jnp.ones(2) + 0 * jnp.sum(x), jnp.ones(3), KEY)


def test_curvature_that_vanishes_is_no_failure():
    assert check_taylor(lambda x: jnp.sum(x**3), jnp.zeros(3), KEY).slope > 2.9


@pytest.mark.parametrize(
    ("check", "function", "message"),
    [
        (check_tangent_linear, wrong_forwards, "changes by its tangent-linear"),
        (check_tangent_linear, lambda x: jax.lax.stop_gradient(x) * x, "to the 1.0"),
        (check_tangent_linear, lambda x: jnp.sin(x.astype("float32")), "a cast to a shorter float"),
        (check_tangent_linear, wrong_backwards, "forward mode"),
        (check_adjoint, transposed_wrongly, "apart by 1e-10|apart by 1.0e-10"),
        (check_taylor, wrong_backwards, "falls as the change's square"),
        (check_taylor, lambda x: jnp.sum(x.astype("float32") ** 2), "a cast to a shorter float"),
        (
            check_taylor,
            lambda x: jax.lax.while_loop(lambda y: y[0] < 9, jnp.exp, x),
            "reverse mode",
        ),
        (check_adjoint, lambda x: jnp.sqrt(0 * x), "not finite"),
    ],
)
def test_what_is_wrong_is_found(check, function, message):
    with pytest.raises(AssertionError, match=f"(?s){message}"):
        check(function, jnp.asarray([0.3, 1.4, -0.6]), KEY)


@pytest.mark.parametrize(
    ("model", "point", "dt", "steps"),
    [(Lorenz96(8.0), np.linspace(-2, 6, 10), 0.05, 20), (Lorenz63(), (1.0, 2.0, 20.0), 0.01, 50)],
    ids=["lorenz96", "lorenz63"],
)
@pytest.mark.parametrize("check", ALL)
def test_a_window_of_a_chaotic_model_passes(check, model, point, dt, steps):
    def window(x):
        scheme = px.integrator("rk4")
        return scheme.trajectory(model, x, dt=dt, steps=steps, every=steps)[0]

    found = check(window, np.asarray(point), KEY)
    if check is not check_adjoint:
        assert found.slope == pytest.approx(1 if check is check_tangent_linear else 2, abs=0.1)


@pytest.fixture
def problem():
    with jax.enable_x64(True):
        size = 6
        return ss.twin_experiment(
            Lorenz96(8.0),
            0.1 * np.arange(1, 4),
            lambda t, x: x[::2] ** 2 / 4,
            ss.ScalarCovariance(0.5, 3),
            ss.Gaussian(jnp.linspace(-1.0, 4.0, size), ss.ScalarCovariance(0.1, size)),
            key=KEY,
            dt=0.05,
        )


def test_a_state_space_problem_is_checked_in_all_its_parts(problem):
    figures = check_state_space_linearisation(problem, KEY)
    assert [name.split()[0] for name in figures] == ["forecast"] * 3 + ["observe"] * 3 + [
        "loss"
    ] * 3
    assert all(figure.difference < 1e-12 for n, figure in figures.items() if n.endswith("adjoint"))


def test_the_part_that_is_wrong_is_named(problem):
    broken = ss.StateSpace(
        lambda t, x: -jax.lax.stop_gradient(x) * x,
        np.asarray([0.1]),
        np.ones((1, 2)),
        lambda t, x: x,
        ss.ScalarCovariance(1.0, 2),
        ss.Gaussian(jnp.ones(2), ss.ScalarCovariance(0.1, 2)),
        dt=0.1,
    )
    with pytest.raises(AssertionError, match=r"^StateSpace: forecast changes by its"):
        check_state_space_linearisation(broken, KEY)
