"""Twin experiments: the set-ups they promise, and the laws that their errors follow."""

import dataclasses
import functools
import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.cli import main
from plugax.plugins import options_of, preset_values
from plugax_lorenz96 import Lorenz63Twin, Lorenz96, Lorenz96Twin, TwoScaleLorenz96Twin
from plugax_lorenz96._lorenz63_twin import PRESETS as LORENZ63
from plugax_lorenz96._lorenz96_twin import PRESETS as LORENZ96
from plugax_lorenz96._setup import setup_of
from plugax_lorenz96._two_scale_twin import PRESETS as TWO_SCALE

TWINS = {
    "lorenz96-twin": Lorenz96Twin,
    "lorenz63-twin": Lorenz63Twin,
    "two-scale-lorenz96-twin": functools.partial(TwoScaleLorenz96Twin, slow=8, fast=4),
}
every = pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
SHORT = {"cycles": 4, "burn_in": 0.0}


def errors_of(problem):
    """Observations less the truth, where everything is observed as it is."""
    return np.asarray(problem.cycles.observations - problem.cycles.truth, np.float64)


@pytest.mark.usefixtures("x64")
def test_the_default_is_the_set_up_of_sakov_and_oke():
    problem = Lorenz96Twin()
    np.testing.assert_allclose(problem.cycles.time, 0.05 * np.arange(1, 1002), rtol=1e-12)
    assert (problem.burn_in, problem.substeps) == (20.0, 1)
    assert problem.cycles.observations.shape == problem.cycles.truth.shape == (1001, 40)
    np.testing.assert_array_equal(problem.initial.mean, np.eye(40)[0])
    np.testing.assert_allclose(problem.initial.covariance.variances(), 0.001)
    np.testing.assert_allclose(problem.observation_error.variances(), 1.0)
    assert problem.model_error is None
    assert problem.cycles.available is None
    assert problem.geometry.period == (40.0,)
    np.testing.assert_array_equal(problem.geometry.observations[:, 0], np.arange(40))
    assert problem.climatology.covariance.size == 40


@pytest.mark.usefixtures("x64")
def test_the_presets_are_the_set_ups_of_the_papers():
    hoteit = LORENZ96["hoteit2015"]
    np.testing.assert_allclose(hoteit.end, 365.0)
    assert hoteit.burn_in == 4.0
    solvik = Lorenz96Twin("solvik2025", cycles=210)
    assert solvik.cycles.truth.shape == (210, 36)
    assert solvik.cycles.observations.shape == (210, 18)
    np.testing.assert_allclose(solvik.cycles.duration, 0.05, rtol=1e-9)
    assert solvik.substeps == 5
    np.testing.assert_allclose(solvik.observation_error.variances(), 0.25)
    np.testing.assert_array_equal(solvik.geometry.observations[:, 0], np.arange(0, 36, 2))
    todter = LORENZ96["todter2015"]
    assert (todter.dim, todter.observation_errors, todter.interval) == (80, "laplace", 0.1)
    sakov = Lorenz63Twin(cycles=70)
    np.testing.assert_allclose(sakov.cycles.duration, 0.25, rtol=1e-9)
    assert (sakov.burn_in, sakov.substeps) == (16.0, 25)
    np.testing.assert_allclose(sakov.observation_error.variances(), 2.0)
    np.testing.assert_allclose(sakov.initial.covariance.variances(), 2.0)
    assert LORENZ63["bocquet2012"].observation_std == 1.0


def test_what_is_given_goes_before_the_preset():
    problem = px.problem("lorenz96-twin", preset="sakov2008", dim=8, observe_every=4, cycles=101)
    assert problem.cycles.truth.shape == (101, 8)
    np.testing.assert_allclose(problem.cycles.duration, 0.2, rtol=1e-5)
    assert problem.burn_in == 20.0
    hoteit = px.problem("lorenz96-twin", preset="hoteit2015", dim=8, cycles=101)
    assert hoteit.burn_in == 4.0


@pytest.mark.parametrize(
    ("twin", "presets"),
    [(Lorenz96Twin, LORENZ96), (Lorenz63Twin, LORENZ63), (TwoScaleLorenz96Twin, TWO_SCALE)],
)
def test_every_preset_tells_the_values_it_gives(twin, presets):
    options = {option.name: option for option in options_of(twin)}
    assert all(option.help for option in options.values())
    for name, setup in presets.items():
        values = preset_values(twin, name)
        assert values == (name, dataclasses.asdict(setup))
        left_to_the_preset = {name for name, option in options.items() if option.default is None}
        assert left_to_the_preset == values[1].keys()
    assert preset_values(twin) == preset_values(twin, next(iter(presets)))


@pytest.mark.usefixtures("x64")
@every
def test_the_truth_is_a_run_of_the_model(twin):
    # The same scheme compiled: over 0.5 time units rounding errors of 1e-15 grow by some e.
    problem = twin(cycles=10, observe_every=2, burn_in=0.0)
    truth = np.asarray(problem.cycles.truth)
    run = eqx.filter_jit(lambda p: p.trajectory(p.cycles.truth[0], p.data.arrays))(problem)
    np.testing.assert_allclose(run[:-1], truth[1:], rtol=1e-10, atol=1e-10)


@pytest.mark.usefixtures("x64")
def test_another_integrator_finds_the_same_truth():
    # With steps of 0.05 the fourth order is off by 0.01 after 0.5 time units; with steps a fifth of
    # that by 5⁴ times less, 2e-5.
    problem = Lorenz96Twin(
        dt=0.01, observe_every=5, cycles=10, spinup=5.0, burn_in=0.0, integrator="tsit5"
    )
    run = eqx.filter_jit(lambda p: p.trajectory(p.cycles.truth[0], p.data.arrays))(problem)
    np.testing.assert_allclose(run[:-1], problem.cycles.truth[1:], atol=1e-4)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("law", ["normal", "laplace"])
def test_errors_of_observations_have_the_variance_and_the_shape_they_should(law):
    problem = Lorenz96Twin(
        dim=100, cycles=200, observation_std=0.5, observation_errors=law, burn_in=0.0
    )
    errors = errors_of(problem) / 0.5
    # Kurtosis κ is 3, or 6 for Laplace; a variance is uncertain by √((κ − 1) / n), four times that.
    kurtosis = {"normal": 3, "laplace": 6}[law]
    assert abs(errors.mean()) < 4 / np.sqrt(errors.size)
    assert abs(errors.var() - 1) < 4 * np.sqrt((kurtosis - 1) / errors.size)
    # The standard errors of a sample's kurtosis: √(24 / n); by simulation 33 / √n for Laplace.
    uncertain = {"normal": np.sqrt(24), "laplace": 33}[law] / np.sqrt(errors.size)
    assert abs((errors**4).mean() / errors.var() ** 2 - kurtosis) < 4 * uncertain
    np.testing.assert_allclose(problem.observation_error.variances(), 0.25)


@every
def test_the_share_asked_for_is_missing(twin):
    problem = twin(cycles=300, missing=0.2, observe_every=1, burn_in=0.0)
    available = np.asarray(problem.cycles.available)
    uncertain = np.sqrt(0.2 * 0.8 / available.size)
    assert abs((~available).mean() - 0.2) < 4 * uncertain
    assert np.isfinite(problem.cycles.observations).all()


@pytest.mark.usefixtures("x64")
def test_the_models_error_has_the_variance_it_should():
    problem = Lorenz96Twin(dim=40, cycles=100, spinup=5.0, model_error_std=0.3, burn_in=0.0)
    np.testing.assert_allclose(problem.model_error.variances(), 0.09)
    truth = problem.cycles.truth
    after = jax.tree.map(lambda leaf: leaf[1:], problem.cycles)
    forecast = jax.jit(lambda *given: jax.vmap(problem.forecast)(*given))(truth[:-1], after)
    errors = np.asarray(truth[1:] - forecast) / 0.3
    assert abs(errors.var() - 1) < 4 * np.sqrt(2 / errors.size)


@every
def test_the_experiment_is_the_same_in_both_precisions(twin):
    options = {"cycles": 10, "observe_every": 2, "spinup": 10.0, "missing": 0.1, "burn_in": 0.0}
    single = twin(**options)
    with jax.enable_x64(True):
        double = twin(**options)
    for name in ("time", "observations", "available", "truth"):
        one, other = getattr(single.cycles, name), getattr(double.cycles, name)
        assert other.dtype in ("float64", "bool")
        # Rounded once, after everything is drawn: states and errors of size 10 to seven digits.
        np.testing.assert_allclose(one, other, atol=1e-5, err_msg=name)
    types = {leaf.dtype.name for leaf in jax.tree.leaves(eqx.filter(single, eqx.is_inexact_array))}
    assert types == {"float32"}


@every
def test_another_seed_is_the_same_program_with_other_data(twin):
    problem = twin(**SHORT, missing=0.05)
    other = problem.reseeded(7)
    assert jax.tree.structure(problem) == jax.tree.structure(other)
    shapes = [jax.tree.map(jnp.shape, eqx.filter(p, eqx.is_array)) for p in (problem, other)]
    assert shapes[0] == shapes[1]
    assert not jnp.allclose(problem.cycles.truth, other.cycles.truth)
    np.testing.assert_array_equal(
        other.cycles.observations, twin(**SHORT, missing=0.05, twin_seed=7).cycles.observations
    )
    back = other.reseeded(0)
    np.testing.assert_array_equal(back.cycles.observations, problem.cycles.observations)
    assert back.integrator is problem.integrator


def test_random_places_are_drawn_by_the_seed():
    problem = Lorenz96Twin(**SHORT, observe="random", observe_count=5)
    places = [np.asarray(p.observation_operator.indices) for p in (problem, problem.reseeded(1))]
    assert all(len(set(p.tolist())) == 5 for p in places)
    assert not np.array_equal(*places)
    np.testing.assert_array_equal(problem.geometry.observations[:, 0], places[0])


def test_the_truth_does_not_depend_on_what_is_observed_of_it():
    plain = Lorenz96Twin(**SHORT)
    for options in (
        {"observe": "random"},
        {"observation_errors": "laplace"},
        {"missing": 0.5},
        {"instrument": "square"},
    ):
        truth = Lorenz96Twin(**SHORT, **options).cycles.truth
        np.testing.assert_array_equal(truth, plain.cycles.truth)


def test_a_longer_experiment_begins_as_a_shorter_one():
    options = {"burn_in": 0.0, "missing": 0.3, "model_error_std": 0.1}
    short, long = (Lorenz96Twin(cycles=n, **options).cycles for n in (4, 6))
    for name in ("truth", "observations", "available"):
        np.testing.assert_array_equal(getattr(short, name), getattr(long, name)[:4])


@pytest.mark.usefixtures("x64")
def test_methods_start_as_far_from_the_truth_as_the_problem_says():
    # The truth starts from a draw of the initial distribution, or that is off by such an error.
    near_rest, on_attractor = [], []
    step = {"cycles": 1, "dt": 1e-6, "burn_in": 0.0, "initial_std": 0.5}
    for seed in range(20):
        for spinup, errors in ((0.0, near_rest), (1e-5, on_attractor)):
            problem = Lorenz96Twin(**step, spinup=spinup, twin_seed=seed)
            errors.append(np.asarray(problem.cycles.truth[0] - problem.initial.mean) / 0.5)
    for errors in map(np.asarray, (near_rest, on_attractor)):
        assert abs(errors.var() - 1) < 4 * np.sqrt(2 / errors.size)


def test_lorenz63_may_be_observed_in_x_alone():
    problem = Lorenz63Twin(**SHORT, observe="x")
    assert problem.cycles.observations.shape == (4, 1)
    assert abs(problem.cycles.observations - problem.cycles.truth[:, :1]).max() < 6 * 2**0.5


@pytest.mark.usefixtures("x64")
def test_the_two_scale_model_is_observed_in_its_slow_variables():
    problem = TwoScaleLorenz96Twin(slow=8, fast=4, cycles=3, burn_in=0.0)
    assert problem.cycles.truth.shape == (3, 40)
    assert problem.cycles.observations.shape == (3, 8)
    difference = problem.cycles.observations - problem.cycles.truth[:, :8]
    assert abs(difference).max() < 6
    np.testing.assert_allclose(problem.geometry.states[8:12, 0], [0.0, 0.25, 0.5, 0.75])
    assert TwoScaleLorenz96Twin(
        slow=8, fast=4, cycles=3, observe="all", burn_in=0.0
    ).cycles.observations.shape == (3, 40)


WRONG = [
    ({"dim": 3}, "dim must be at least 4; got 3"),
    ({"cycles": 0}, "cycles must be at least 1; got 0"),
    ({"observe_every": 0}, "observe_every must be at least 1; got 0"),
    ({"dt": 0.0}, "dt must be above 0; got 0.0"),
    ({"dt": 0.5, "cycles": 50}, "the model diverged. A time step shorter than dt = 0.5"),
    ({"observation_std": -1.0}, "observation_std must be above 0"),
    ({"missing": 1.0}, "missing must be at least 0 and below 1; got 1.0"),
    ({"model_error_std": -0.1}, "model_error_std must be at least 0"),
    ({"cycles": 100}, "burn_in must be below 5, the time of the last of the 100"),
    ({"observe": "every-kth", "observe_stride": 41}, "from 1 to 40, which is dim; got 41"),
    ({"observe": "random", "observe_count": 41}, "observe_count must be from 1 to 40"),
    ({"twin_seed": -1}, "twin_seed must be at least 0; got -1"),
    ({"spinup": float("nan")}, "spinup must be at least 0; got nan"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(px.PlugaxError, match=re.escape(message)):
        Lorenz96Twin(**options)


def test_a_preset_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(px.PlugaxError, match=r"one of sakov2008, hoteit2015.*; got 'sakov'"):
        setup_of(LORENZ96, "sakov", {})


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_the_ensemble_transform_filter_has_its_published_score_on_lorenz96():
    # Sakov and Oke (2008): 0.18, by DAPPER 1.8.1 0.184. Over 600 cycles of correlated errors seeds
    # differ by about 0.006.
    scores = [
        float(px.solve(problem, "etkf", seed=0).metrics["analysis_rmse"])
        for problem in (Lorenz96Twin(), Lorenz96Twin().reseeded(1))
    ]
    assert abs(np.mean(scores) - 0.184) < 4 * 0.006 / np.sqrt(2)


@pytest.mark.usefixtures("x64")
def test_the_ensemble_transform_filter_has_its_published_score_on_lorenz63():
    # 0.60; seeds of 1000 cycles differ by about 0.04.
    score = px.solve(Lorenz63Twin(), "etkf", members=10, inflation=1.02).metrics["analysis_rmse"]
    assert abs(float(score) - 0.60) < 4 * 0.04


def test_a_model_of_the_same_forcing_is_in_the_problem():
    problem = Lorenz96Twin(**SHORT, forcing=7.0)
    assert isinstance(problem.model, Lorenz96)
    np.testing.assert_allclose(problem.model.forcing, 7.0)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_on_lorenz63_the_recommended_windows_keep_the_hybrid_near_the_truth():
    # 0.47 to 0.50 on four twins; windows of two intervals give 0.6 to 1.0, of four 1.0 to 2.6.
    solution = px.solve("lorenz63-twin", "hybrid-4dvar", seed=0)
    assert solution.metrics["analysis_rmse"] < 0.56


def test_help_shows_the_values_of_the_preset(capsys):
    assert main(["run", "lorenz96-twin", "--preset", "todter2015", "--help"]) == 0
    assert "(default: 80, of todter2015)" in " ".join(capsys.readouterr().out.split())
    assert main(["describe", "lorenz96-twin"]) == 0
    assert "--dim  integer or none, default 40, of sakov2008" in capsys.readouterr().out
