"""Stochastic integrators: the right solution, the right order, a path that can be refined."""

import itertools

import diffrax
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax import PlugaxError

GROWTH, NOISE = 1.0, 0.5
KEY = jr.key(7)


def brownian(y0, **grid):
    """W itself: dy = dW from zero."""
    return px.integrator("euler-maruyama").trajectory(
        lambda t, y: jnp.zeros_like(y), lambda t, y: jnp.ones_like(y), 0 * y0, key=KEY, **grid
    )


def observed_order(name, drift, diffusion, exact, refinements=4, steps=8, members=512):
    """The slope of the mean error at t = 1 over halvings of the step, all on one path."""
    y0 = jnp.ones(members)
    grid = {"dt": 1 / steps, "steps": steps, "every": steps}

    def error(refine, expected):
        integrator = px.integrator(name, refine=refine)
        end = integrator.trajectory(drift, diffusion, y0, key=KEY, **grid)[-1]
        return jnp.mean(jnp.abs(end - expected))

    @jax.jit
    def all_errors():
        expected = exact(brownian(y0, **grid)[-1])
        return jnp.stack([error(r, expected) for r in range(refinements + 1)])

    errors = all_errors()
    return -np.polyfit(np.arange(refinements + 1), np.log2(errors), 1)[0]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("of", "exponent", "order"),
    [
        # y = exp((a − b²/2) t + b W) in Itô's sense, exp(a t + b W) in Stratonovich's.
        ("euler-maruyama", GROWTH - NOISE**2 / 2, 0.5),
        ("milstein", GROWTH - NOISE**2 / 2, 1.0),
        ("stochastic-heun", GROWTH, 1.0),
    ],
)
def test_geometric_brownian_motion_with_the_strong_order(of, exponent, order):
    found = observed_order(
        of,
        lambda t, y: GROWTH * y,
        lambda t, y: NOISE * y,
        lambda w: jnp.exp(exponent + NOISE * w),
    )
    # 512 paths leave the slope some per cent; Euler's has a part of order 1 in it at large steps.
    assert order - 0.1 < found < order + 0.15


@pytest.mark.usefixtures("x64")
def test_with_additive_noise_the_euler_maruyama_scheme_has_order_one():
    # dy = t y dt + dW e^{t²/2}: y = e^{t²/2} (y0 + W).
    found = observed_order(
        "euler-maruyama",
        lambda t, y: t * y,
        lambda t, y: jnp.full_like(y, NOISE) * jnp.exp(t**2 / 2),
        lambda w: np.exp(0.5) * (1 + NOISE * w),
    )
    assert found == pytest.approx(1, abs=0.1)


@pytest.mark.usefixtures("x64")
def test_the_moments_of_the_ornstein_uhlenbeck_process(stochastic):
    # dy = −θ y dt + σ dW: mean e^{−θt}, variance σ²(1 − e^{−2θt})/2θ; t = 1.
    theta, sigma, members, steps = 1.5, 0.8, 8192, 32
    ends = jax.jit(
        lambda: px.integrator(stochastic).trajectory(
            lambda t, y: -theta * y,
            lambda t, y: jnp.full_like(y, sigma),
            jnp.ones(members),
            key=KEY,
            dt=1 / steps,
            steps=steps,
            every=steps,
        )[-1]
    )()
    mean, variance = np.exp(-theta), sigma**2 * (1 - np.exp(-2 * theta)) / (2 * theta)
    # Five standard errors, and the error θ²t dt/2 of a scheme of weak order 1, relative.
    weak = theta**2 / steps
    assert abs(ends.mean() - mean) < 5 * np.sqrt(variance / members) + weak * mean
    assert abs(ends.var() - variance) < (5 * np.sqrt(2 / members) + weak) * variance


SOLVERS = {
    "euler-maruyama": diffrax.Euler(),
    "stochastic-heun": diffrax.Heun(),
    "milstein": diffrax.ItoMilstein(),
}


def diffrax_path(solver, drift, diffusion, y, motions, dt):
    """The states that diffrax's steps give on these Brownian motions."""
    times = dt * jnp.arange(len(motions) + 1).astype(motions.dtype)
    path = jnp.concatenate([jnp.zeros_like(motions[:1]), motions])
    terms = diffrax.MultiTerm(
        diffrax.ODETerm(lambda t, y, args: drift(t, y)),
        diffrax.ControlTerm(
            lambda t, y, args: diffusion(t, y), diffrax.LinearInterpolation(ts=times, ys=path)
        ),
    )
    state, states = solver.init(terms, times[0], times[1], y, None), []
    for start, end in itertools.pairwise(times):
        y, _, _, state, _ = solver.step(terms, start, end, y, None, state, False)
        states.append(y)
    return jnp.stack(states)


@pytest.mark.usefixtures("x64")
def test_paths_with_shared_noise_are_those_of_diffrax(stochastic):
    # Two Brownian motions, two numbers; the columns of g commute: both are linear in y.
    first, second = np.asarray([[0.3, 0.1], [0.1, 0.2]]), np.asarray([[0.2, 0.3], [0.3, -0.1]])
    assert np.allclose(first @ second, second @ first)
    dt, steps, y0 = 0.05, 6, jnp.asarray([1.0, -0.5])

    def drift(t, y):
        return jnp.sin(y) + t

    def diffusion(t, y):
        return jnp.stack([first @ y, second @ y], axis=-1)

    def ours(drift, diffusion, y0):
        return px.integrator(stochastic).trajectory(
            drift, diffusion, y0, key=KEY, dt=dt, steps=steps
        )

    # The motions themselves, on the same key: two numbers that are driven by one each.
    motions = ours(lambda t, y: 0 * y, lambda t, y: jnp.eye(2), jnp.zeros(2))
    expected = jax.jit(
        lambda: diffrax_path(SOLVERS[stochastic], drift, diffusion, y0, motions, dt)
    )()
    found = ours(drift, diffusion, y0)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_all_arrays_of_the_state_share_their_brownian_motions():
    def diffusion(t, y):
        return {"a": jnp.asarray([1.0, 0.0]), "b": jnp.asarray([[0.0, 1.0], [2.0, 3.0]])}

    y = px.integrator("milstein").trajectory(
        lambda t, y: jax.tree.map(jnp.zeros_like, y),
        diffusion,
        {"a": jnp.zeros(()), "b": jnp.zeros(2)},
        key=KEY,
        dt=0.1,
        steps=3,
    )
    np.testing.assert_allclose(y["b"][:, 1], 2 * y["a"] + 3 * y["b"][:, 0], rtol=1e-13)


@pytest.mark.usefixtures("x64")
def test_refining_halves_the_steps_of_the_same_brownian_path():
    def increments(refine, dt, steps, every):
        return jnp.diff(
            px.integrator("euler-maruyama", refine=refine).trajectory(
                lambda t, y: 0 * y,
                lambda t, y: jnp.ones_like(y),
                jnp.zeros(64),
                key=KEY,
                dt=dt,
                steps=steps,
                every=every,
            ),
            axis=0,
        )

    plain = increments(0, 0.1, 16, 1)
    for refine in (1, 3):
        np.testing.assert_allclose(increments(refine, 0.1, 16, 1), plain, rtol=0, atol=1e-14)
    # The halves themselves: a diffusion that only works in the first half of each step.
    half = px.integrator("euler-maruyama", refine=1).trajectory(
        lambda t, y: 0 * y,
        lambda t, y: jnp.where(t - jnp.floor(t / 0.1 + 1e-6) * 0.1 < 0.04, 1, jnp.zeros_like(y)),
        jnp.zeros(4096),
        key=KEY,
        dt=0.1,
        steps=2,
    )
    whole = brownian(jnp.zeros(4096), dt=0.1, steps=2)
    first, rest = half[0], whole[0] - half[0]
    # Variances dt/2 and no correlation, to five standard errors of 4096 samples.
    error = 5 / np.sqrt(4096)
    assert first.var() == pytest.approx(0.05, rel=np.sqrt(2) * error)
    assert rest.var() == pytest.approx(0.05, rel=np.sqrt(2) * error)
    assert abs(jnp.mean(first * rest)) < 0.05 * error


@pytest.mark.usefixtures("x64")
def test_the_gradient_is_that_of_the_path(stochastic):
    # y_n = y0 Π (1 + a dt + b ΔW_i) for Euler and Maruyama's scheme, and more of it for others.
    dt, steps = 0.05, 7
    increments = np.diff(brownian(jnp.zeros(()), dt=dt, steps=steps), prepend=0.0)

    def factors(a, b, dw):
        x = a * dt + b * dw
        return {
            "euler-maruyama": 1 + x,
            "milstein": 1 + x + b**2 * (dw**2 - dt) / 2,
            "stochastic-heun": 1 + x + x**2 / 2,
        }[stochastic]

    @jax.jit
    @jax.value_and_grad
    def end(parameters):
        a, b = parameters
        return px.integrator(stochastic, rematerialise=True).trajectory(
            lambda t, y: a * y, lambda t, y: b * y, 1.0, key=KEY, dt=dt, steps=steps
        )[-1]

    value, gradient = end((GROWTH, NOISE))
    np.testing.assert_allclose(value, np.prod(factors(GROWTH, NOISE, increments)), rtol=1e-13)
    step = 1e-30j
    expected = [
        np.prod(factors(GROWTH + step, NOISE, increments)).imag / 1e-30,
        np.prod(factors(GROWTH, NOISE + step, increments)).imag / 1e-30,
    ]
    np.testing.assert_allclose(gradient, expected, rtol=1e-12)


def test_a_path_costs_compile_time_once_and_calls_nothing_on_the_host(stochastic):
    def lines(steps, every, refine=0):
        def end(x):
            return px.integrator(stochastic, refine=refine).trajectory(
                lambda t, y: -y, lambda t, y: 0.1 * y, x, key=KEY, dt=0.1, steps=steps, every=every
            )[-1]

        text = jax.jit(jax.grad(lambda x: jnp.sum(end(x)))).lower(jnp.ones(4)).as_text()
        assert "callback" not in text
        return len(text.splitlines())

    assert lines(300, 1) == lines(21, 1)
    assert lines(4600, 200, 2) == lines(231, 11, 2)


def _run(of="milstein", state=1.0, drift=None, diffusion=None, options=None, **grid):
    return px.integrator(of, **(options or {})).trajectory(
        drift or (lambda t, y: y),
        diffusion or (lambda t, y: y),
        state,
        key=KEY,
        **{"dt": 0.1, "steps": 2, **grid},
    )


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"dt": -0.1}, "dt must be positive, since noise cannot be reversed; got dt=-0.1"),
        ({"steps": 3, "every": 2}, "steps must be a multiple of every"),
        ({"state": 1j}, "take real states; got a complex one"),
        ({"state": 1}, "y0 must be floating-point"),
        ({"options": {"refine": -1}}, "refine must not be negative; got -1"),
        ({"diffusion": lambda t, y: {"y": y}}, r"diffusion\(t, y\) must return a pytree"),
        ({"diffusion": lambda t, y: jnp.ones((2, 2))}, r"got \[\(2, 2\)\] for a state of \[\(\)\]"),
        ({"diffusion": lambda t, y: y.astype(jnp.float16)}, "must have the dtype of y.*float16"),
        ({"drift": lambda t, y: jnp.ones(2)}, r"float32\(\); got float32\(2,\)"),
        (
            {
                "state": (1.0, 1.0),
                "drift": lambda t, y: y,
                "diffusion": lambda t, y: (1.0, y[1][None]),
            },
            "one more axis",
        ),
    ],
)
def test_what_does_not_fit_is_an_error(what, message):
    with pytest.raises(PlugaxError, match=message):
        _run(**what)


def test_a_problem_that_wants_an_ordinary_integrator_says_so():
    message = "takes an AbstractIntegrator; the integrator 'milstein' is an AbstractStoch"
    for integrator in ("milstein", {"name": "milstein"}, px.integrator("milstein")):
        with pytest.raises(PlugaxError, match=message):
            px.problem("lorenz96-4dvar", integrator=integrator)
