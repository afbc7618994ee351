import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_lorenz96 import Lorenz96FourDVar

# Where only half of the variables are seen, background errors of 1 leave J with several minima in
# one window out of four (every solver ends in the same wrong one); errors of 0.5 do not.
OPTIONS = {
    "defaults": {},
    "every other": {"observe": "every-kth", "observe_every": 2, "background_std": 0.5},
    "a random half": {"observe": "random", "background_std": 0.5},
    "arctan": {"instrument": "arctan"},
    "square": {"instrument": "square"},
    "gaussian": {"background_correlation": "gaussian"},
    "climatological": {"background_correlation": "climatological"},
}
# What these have of their own is of the same kind as what others have.
SLOW = ("a random half", "arctan", "gaussian")


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(options, id=name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name, options in OPTIONS.items()
    ],
)
def test_the_analysis_is_better_than_the_background(integrator, minimise, options):
    minimised = eqx.filter_jit(lambda problem: problem.evaluate(minimise(problem, 15)[0]))
    forecasts = []
    for seed in range(4):
        problem = Lorenz96FourDVar(
            window_steps=12, forecast_steps=8, twin_seed=seed, integrator=integrator, **options
        )
        metrics = minimised(problem)
        assert metrics["analysis_rmse"] < metrics["background_rmse"]
        assert metrics["analysis_window_rmse"] < 0.8 * metrics["background_window_rmse"]
        # 2J has a standard deviation of √(2m) where the window is linear; this one is not quite.
        spread = np.sqrt(2 / problem.observations.size)
        assert abs(metrics["chi_squared_per_observation"] - 1) < 5 * spread
        forecasts.append((metrics["background_forecast_rmse"], metrics["forecast_rmse"]))
    # A single forecast may be lucky from anywhere: how errors grow depends on where they lie.
    background, analysis = np.mean(forecasts, axis=0)
    assert analysis < 0.8 * background


@pytest.mark.usefixtures("x64")
def test_the_truth_is_a_run_on_the_attractor(integrator):
    problem = Lorenz96FourDVar(forecast_steps=3, integrator=integrator)
    assert problem.truth.shape == (24, 40)
    run = integrator.trajectory(problem.model, problem.truth[0], dt=problem.dt, steps=23)
    np.testing.assert_allclose(run, problem.truth[1:], rtol=1e-10, atol=1e-10)
    # The climate of 40 variables and F = 8 has mean 2.3 and standard deviation 3.6.
    assert 1.3 < problem.truth.mean() < 3.3
    assert 3.0 < problem.truth.std() < 4.3


@pytest.mark.usefixtures("x64")
def test_the_problem_comes_by_name_and_its_integrator_by_default(integrator):
    problem = px.problem("lorenz96-4dvar", dim=12, spinup_steps=20, window_steps=4)
    assert isinstance(problem, Lorenz96FourDVar)
    same = Lorenz96FourDVar(dim=12, spinup_steps=20, window_steps=4, integrator=integrator)
    np.testing.assert_allclose(problem.truth, same.truth, rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_errors_have_the_standard_deviations_asked_for(integrator):
    problem = Lorenz96FourDVar(
        dim=4000, observation_std=0.5, background_std=2.0, spinup_steps=50, integrator=integrator,
        background_correlation="gaussian",
    )  # fmt: skip
    noise = problem.observations - problem.truth[1:21]
    np.testing.assert_allclose(noise.std(), 0.5, rtol=0.02)
    # Correlated over two variables or so: about a thousand independent errors.
    np.testing.assert_allclose((problem.background - problem.truth[0]).std(), 2.0, rtol=0.1)


def test_options_choose_what_is_observed_and_when(integrator):
    make = lambda **options: Lorenz96FourDVar(  # noqa: E731
        dim=12, window_steps=12, spinup_steps=10, integrator=integrator, **options
    )
    assert make().observations.shape == (12, 12)
    assert make(observe="every-kth", observe_stride=5).observations.shape == (12, 3)
    assert make(observe="random").observations.shape == (12, 6)
    chosen = make(observe="random", observe_count=4, observe_every=3)
    assert chosen.observations.shape == (4, 4)
    assert len(set(np.asarray(chosen.observation_operator.indices).tolist())) == 4


def test_the_seed_draws_truth_and_errors(integrator):
    make = lambda seed: Lorenz96FourDVar(  # noqa: E731
        dim=8, spinup_steps=10, twin_seed=seed, integrator=integrator
    )
    np.testing.assert_array_equal(make(1).observations, make(1).observations)
    for name in ("truth", "background", "observations"):
        assert not jnp.allclose(getattr(make(1), name), getattr(make(2), name))


def test_arrays_have_the_float_type_jax_has_by_default(integrator):
    # Few variables would be sampled longer.
    make = lambda: Lorenz96FourDVar(  # noqa: E731
        dim=400, spinup_steps=10, background_correlation="climatological", integrator=integrator
    )

    def types(problem):
        return {leaf.dtype.name for leaf in jax.tree.leaves(eqx.filter(problem, eqx.is_array))}

    assert types(make()) == {"float32"}
    with jax.enable_x64(True):
        assert types(make()) == {"float64"}


def test_single_precision_solves_too(integrator, minimise):
    problem = Lorenz96FourDVar(dim=12, window_steps=8, integrator=integrator)
    metrics = eqx.filter_jit(problem.evaluate)(minimise(problem, 8)[0])
    assert metrics["analysis_rmse"].dtype == "float32"
    assert metrics["analysis_rmse"] < metrics["background_rmse"]


def test_parts_can_be_swept(integrator):
    problem = Lorenz96FourDVar(dim=8, spinup_steps=10, integrator=integrator)

    def cost(std):
        changed = eqx.tree_at(lambda p: p.background_error.std, problem, std)
        return changed.loss(jnp.ones(8), changed.observations, jr.key(0))[0]

    together = jax.vmap(cost)(jnp.asarray([0.5, 1.0]))
    np.testing.assert_allclose(together[1], cost(jnp.asarray(1.0)), rtol=1e-5)


WRONG = [
    ({"dim": 3}, "dim must be at least 4; got 3"),
    ({"window_steps": 0}, "window_steps must be at least 1; got 0"),
    ({"observe_every": 0}, "observe_every must be at least 1; got 0"),
    ({"observe_every": 3}, "window of 20 time steps must be a multiple of observe_every, 3; 18"),
    ({"observe_every": 30}, "multiple of observe_every, 30; 30 is one"),
    ({"observe": "every-kth", "observe_stride": 41}, "from 1 to 40, which is dim; got 41"),
    ({"observe": "every-kth", "observe_stride": 0}, "from 1 to 40, which is dim; got 0"),
    ({"observe": "random", "observe_count": 41}, "observe_count must be from 1 to 40"),
    ({"forecast_steps": -1}, "forecast_steps must be at least 0; got -1"),
    ({"spinup_steps": -1}, "spinup_steps must be at least 0; got -1"),
    ({"dt": 0.0}, "dt must be positive; got 0.0"),
    ({"observation_std": -1.0}, "observation_std must be positive; got -1.0"),
    ({"background_std": 0.0}, "background_std must be positive; got 0.0"),
    ({"correlation_length": -2.0}, "correlation_length must be positive; got -2.0"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_options_out_of_range_are_refused(integrator, options, message):
    with pytest.raises(px.PlugaxError, match=message):
        Lorenz96FourDVar(integrator=integrator, **options)
