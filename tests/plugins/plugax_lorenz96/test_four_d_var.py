"""The laws of strong-constraint 4DVar, on small windows of Lorenz96 and Lorenz63."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_lorenz96 import (
    FourDVar,
    Lorenz63,
    Lorenz96,
    ObserveEveryKth,
    ObserveSubset,
    RingCovariance,
    draw_twin,
)

pytestmark = pytest.mark.usefixtures("x64")
BACKGROUNDS = {
    "diagonal": lambda: ss.ScalarCovariance(0.8, 12),
    "ring": lambda: RingCovariance.gaussian(0.8, 1.5, 12),
    "low rank": lambda: ss.FactorCovariance(0.3 * jr.normal(jr.key(5), (12, 7))),
}
OPERATORS = {
    "all": lambda: ObserveEveryKth(),
    "every third, arctan": lambda: ObserveEveryKth(3, "arctan"),
    "subset, square": lambda: ObserveSubset(jnp.asarray([1, 2, 5]), "square"),
}
CASES = [("diagonal", "all"), ("ring", "every third, arctan"), ("low rank", "subset, square")]


@pytest.fixture(scope="module")
def make(integrator):
    """A twin experiment of 12 variables: the problem, from a key and what differs."""

    def make(
        key, background="diagonal", operator="all", std=0.5, steps=6, observe_every=2, scale=1.0
    ):
        model, background_error = Lorenz96(), BACKGROUNDS[background]()
        if scale != 1:
            background_error = ss.ScalarCovariance(0.8 * scale, 12)
        key_start, key_errors = jr.split(key)
        start = 8 + jr.normal(key_start, (12,))
        start = integrator.trajectory(model, start, dt=0.05, steps=200, every=200)[-1]
        parts = {
            "observation_operator": OPERATORS[operator](),
            "observation_std": scale * std,
            "background_error": background_error,
            "dt": 0.05,
            "observe_every": observe_every,
            "integrator": integrator,
        }
        twin = draw_twin(key_errors, model, start, window_steps=steps, forecast_steps=4, **parts)
        return FourDVar(
            model=model,
            background=twin.background,
            observations=twin.observations,
            truth=twin.truth,
            forecast_steps=4,
            **parts,
        )

    return make


@pytest.fixture(scope="module", params=CASES, ids=", ".join)
def problem(request, make):
    with jax.enable_x64(True):
        return make(jr.key(1), *request.param)


@pytest.fixture(scope="module")
def usual(make):
    """The problem as it is by default."""
    with jax.enable_x64(True):
        return make(jr.key(1))


def many(make, **options):
    """Four hundred problems from as many keys, made by one compiled program."""
    return eqx.filter_jit(eqx.filter_vmap(lambda key: make(key, **options)))(
        jr.split(jr.key(0), 400)
    )


def cost_of(problem):
    """J as a compiled function of v."""
    return jax.jit(lambda v: problem.loss(v, problem.observations, jr.key(0))[0])


def test_adjoint_is_the_transpose_of_the_tangent_linear(problem):
    # ⟨M δv, δy⟩ = ⟨δv, Mᵀ δy⟩
    v, dv = jr.normal(jr.key(2), (2, problem.control_size))
    observed, tangent = jax.jvp(problem.observe, (v,), (dv,))
    dy = jr.normal(jr.key(3), observed.shape)
    (adjoint,) = jax.vjp(problem.observe, v)[1](dy)
    left, right = jnp.vdot(tangent, dy), jnp.vdot(dv, adjoint)
    assert abs(left - right) < 1e-12 * jnp.linalg.norm(tangent) * jnp.linalg.norm(dy)


def test_gradient_passes_the_taylor_test(problem):
    # J(v + εp) − J(v) = ε gᵀp + O(ε²)
    cost = cost_of(problem)
    v, p = jr.normal(jr.key(2), (2, problem.control_size))
    steps = 10.0 ** -np.arange(1, 8)
    slope = jnp.vdot(jax.grad(cost)(v), p)
    changes = np.asarray([cost(v + step * p) - cost(v) for step in steps])
    ratio = changes / (steps * slope)
    assert abs(ratio[-1] - 1) < 1e-5
    remainder = np.abs(changes - steps * slope)
    order = np.diff(np.log10(remainder[2:6])) / -1
    np.testing.assert_allclose(order, 2, atol=0.05)


def test_loss_is_half_the_squared_residuals_and_the_sum_of_its_parts(problem):
    v = jr.normal(jr.key(2), (problem.control_size,))
    loss, parts = problem.loss(v, problem.data.first(), jr.key(0))
    misfit = (problem.observe(v) - problem.observations) / problem.observation_std
    expected = (jnp.sum(v**2) + jnp.sum(misfit**2)) / 2
    np.testing.assert_allclose(loss, expected, rtol=1e-14)
    np.testing.assert_allclose(loss, sum(parts.values()), rtol=1e-14)


def test_twice_the_cost_at_the_minimum_is_chi_squared(make, minimise):
    # Errors a fiftieth of the usual size keep the window linear, where the law is exact: the mean
    # of n draws of χ² with m degrees of freedom is m, with a standard error of √(2m/n).
    problems = many(make, scale=0.02)

    def twice_the_cost(problem):
        return 2 * problem.loss(minimise(problem, 3)[0], problem.observations, jr.key(0))[0]

    found = eqx.filter_jit(eqx.filter_vmap(twice_the_cost))(problems)
    degrees = 3 * 12
    assert abs(found.mean() - degrees) < 4 * np.sqrt(2 * degrees / 400)
    # The variance 2m is met as well, within four of its own standard errors (kurtosis included).
    error = 2 * degrees * np.sqrt((2 + 12 / degrees) / 400)
    assert abs(found.var() - 2 * degrees) < 4 * error


def test_analysis_errors_are_those_of_best_linear_estimation(make, minimise):
    # In a linear window E‖analysis − truth‖² = tr (B⁻¹ + HᵀR⁻¹H)⁻¹, by the Hessian of J.
    problems = many(make, scale=0.02)

    def squares(problem):
        v, _ = minimise(problem, 3)
        sensitivity = jax.jacfwd(problem.observe)(v) / problem.observation_std
        sensitivity = sensitivity.reshape(-1, 12)
        root = jax.jacfwd(problem.background_error.root)(v)
        covariance = root @ jnp.linalg.inv(jnp.eye(12) + sensitivity.T @ sensitivity) @ root.T
        return jnp.sum((problem.initial_state(v) - problem.truth[0]) ** 2), jnp.trace(covariance)

    found, expected = eqx.filter_jit(eqx.filter_vmap(squares))(problems)
    difference = found - expected
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(400)


def test_the_truth_is_the_answer_where_nothing_is_wrong(usual, minimise):
    perfect = eqx.tree_at(
        lambda p: p.observations, usual, jax.vmap(lambda x: x)(usual.truth[2:7:2])
    )
    perfect = eqx.tree_at(lambda p: p.background_error, perfect, ss.ScalarCovariance(1e6, 12))
    v, _ = minimise(perfect)
    np.testing.assert_allclose(perfect.initial_state(v), usual.truth[0], atol=1e-8)


def test_a_missing_observation_has_an_infinite_standard_deviation(usual, minimise):
    std = jnp.full(usual.observations.shape, 0.5).at[1:].set(jnp.inf)
    missing = eqx.tree_at(lambda p: p.observation_std, usual, std)
    shorter = eqx.tree_at(lambda p: p.observations, usual, usual.observations[:1])
    shorter = eqx.tree_at(lambda p: p.truth, shorter, None)
    object.__setattr__(shorter, "window_steps", 2)
    v, _ = minimise(missing)
    np.testing.assert_allclose(v, minimise(shorter)[0], rtol=1e-9)
    found = missing.evaluate(v)["chi_squared_per_observation"]
    np.testing.assert_allclose(found, shorter.evaluate(v)["chi_squared_per_observation"])


def test_metrics_are_what_they_are_called(usual):
    v = jr.normal(jr.key(2), (12,))
    metrics = eqx.filter_jit(usual.evaluate)(v)
    background, analysis = usual.trajectories(v)
    rms = lambda x: jnp.sqrt(jnp.mean(x**2))  # noqa: E731
    truth = usual.truth
    expected = {
        "background_rmse": rms(background[0] - truth[0]),
        "analysis_rmse": rms(analysis[0] - truth[0]),
        "background_window_rmse": rms(background[:7] - truth[:7]),
        "analysis_window_rmse": rms(analysis[:7] - truth[:7]),
        "background_forecast_rmse": rms(background[10] - truth[10]),
        "forecast_rmse": rms(analysis[10] - truth[10]),
        "background_misfit": rms((background[2:7:2] - usual.observations) / 0.5),
        "analysis_misfit": rms((analysis[2:7:2] - usual.observations) / 0.5),
        "cost": usual.loss(v, usual.observations, jr.key(0))[0],
        "cost_background": jnp.sum(v**2) / 2,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(metrics[name], value, rtol=1e-12, err_msg=name)
    parts = metrics["cost_background"] + metrics["cost_observations"]
    np.testing.assert_allclose(parts, metrics["cost"], rtol=1e-14)
    np.testing.assert_allclose(metrics["chi_squared_per_observation"], 2 * parts / 36)


def test_without_truth_the_metrics_of_errors_are_left_out(usual):
    real = eqx.tree_at(lambda p: p.truth, usual, None)
    found = set(eqx.filter_eval_shape(real.evaluate, usual.init(jr.key(0))))
    assert found == {
        "cost",
        "cost_background",
        "cost_observations",
        "chi_squared_per_observation",
        "background_misfit",
        "analysis_misfit",
    }


def test_a_run_starts_from_the_background(usual):
    start = usual.initial_state(usual.init(jr.key(0)))
    np.testing.assert_array_equal(start, usual.background)


def test_single_precision_stays_single(make):
    problem = make(jr.key(1), background="ring")
    v = problem.init(jr.key(0)).astype("float32")
    loss, parts = problem.loss(v, problem.observations, jr.key(0))
    arrays = [loss, *parts.values(), *problem.evaluate(v).values()]
    assert {array.dtype.name for array in arrays} == {"float32"}


def test_the_observation_operator_knows_the_time(usual):
    timed = eqx.tree_at(lambda p: p.observation_operator, usual, lambda t, x: t + 0 * x)
    # Every second step of 0.05, the first not at the start.
    expected = np.broadcast_to(np.asarray([0.1, 0.2, 0.3])[:, None], (3, 12))
    np.testing.assert_allclose(timed.observe(jnp.zeros(12)), expected, rtol=1e-14)
    perfect = eqx.tree_at(lambda p: p.observations, timed, jnp.asarray(expected))
    assert perfect.evaluate(jnp.ones(12))["analysis_misfit"] < 1e-12


def test_any_model_will_do(integrator, minimise):
    truth = integrator.trajectory(Lorenz63(), jnp.asarray([1.0, 1.0, 20.0]), dt=0.01, steps=1000)
    twin_parts = {
        "background_error": ss.ScalarCovariance(1.0, 3),
        "observation_operator": lambda t, state: state[:1],  # x alone
        "observation_std": 0.5,
        "dt": 0.01,
        "observe_every": 5,
        "integrator": integrator,
    }
    twin = draw_twin(jr.key(0), Lorenz63(), truth[-1], window_steps=50, **twin_parts)
    problem = FourDVar(
        model=Lorenz63(),
        background=twin.background,
        observations=twin.observations,
        truth=twin.truth,
        **twin_parts,
    )
    metrics = eqx.filter_jit(problem.evaluate)(minimise(problem)[0])
    assert metrics["analysis_window_rmse"] < metrics["background_window_rmse"] / 2


WRONG = {
    "background": (jnp.ones((2, 12)), "a vector; got the shape"),
    "observations": (jnp.ones(12), "must have the axes"),
    "background_error": (ss.ScalarCovariance(1.0, 5), "background_error must be .* size 12"),
    "model": (lambda t, x: x[:-1], "model"),
    "observation_operator": (lambda t, x: x[:5], "observation_operator"),
    "observation_std": (jnp.ones(5), "a scalar or fit the observations' shape"),
    "truth": (jnp.ones((3, 12)), "truth holds the state"),
    "dt": (-0.05, "dt must be positive; got -0.05"),
    "observe_every": (0, "observe_every must be at least 1"),
    "forecast_steps": (-1, "forecast_steps at least 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_parts_that_do_not_fit_are_refused(integrator, name):
    value, message = WRONG[name]
    parts = {
        "model": Lorenz96(),
        "background": jnp.ones(12),
        "background_error": ss.ScalarCovariance(1.0, 12),
        "observations": jnp.ones((3, 12)),
        "observation_operator": ObserveEveryKth(),
        "observation_std": 1.0,
        "dt": 0.05,
        "integrator": integrator,
    }
    FourDVar(**parts)
    # Where shapes are checked at run time, as in these tests, a wrong rank is caught before.
    with pytest.raises((px.PlugaxError, TypeError), match=message):
        FourDVar(**(parts | {name: value}))


@pytest.mark.parametrize("std", [0.0, -1.0])
def test_a_standard_deviation_is_positive(make, std):
    with pytest.raises(px.PlugaxError, match="observation_std must be positive"):
        make(jr.key(0), std=std)
